using Microsoft.AspNetCore.OpenApi;
using OsMEN.Gateway.Problems;

namespace OsMEN.Gateway.Queries;

/// <summary>What an endpoint takes in its query.</summary>
internal static class QueryParameters
{
    // What is wrong with more than this many is the same thing again.
    private const int MostErrors = 10;
    private const int LongestName = 64;

    private sealed record Taken(QueryParameter[] Parameters);

    /// <summary>
    /// Declares an endpoint's parameters. A request with another one is refused, since a misspelt filter must not pass for a set one; so is
    /// one that has a parameter twice or with a wrong value. An empty one counts as absent.
    /// </summary>
    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder endpoint, params QueryParameter[] parameters) => endpoint
        .WithMetadata(new Taken(parameters))
        .ProducesValidationProblem()
        .AddEndpointFilter((context, next) =>
            Check(context.HttpContext.Request.Query, parameters) is { Count: > 0 } errors ? ValueTask.FromResult<object?>(ProblemResponse.Invalid(errors)) : next(context));

    /// <summary>Writes the parameters that endpoints take into the API's description.</summary>
    public static void DescribeQueries(this OpenApiOptions options) => options.AddOperationTransformer((operation, context, _) =>
    {
        foreach (var parameter in context.Description.ActionDescriptor.EndpointMetadata.OfType<Taken>().SelectMany(t => t.Parameters))
            (operation.Parameters ??= []).Add(parameter.Describe());
        return Task.CompletedTask;
    });

    private static List<(string, string)> Check(IQueryCollection query, QueryParameter[] parameters)
    {
        var errors = new List<(string, string)>();
        foreach (var (name, values) in query)
        {
            var parameter = Array.Find(parameters, p => p.Name == name);
            var text = values.ToString();
            if (parameter is null)
                errors.Add((name.Length <= LongestName ? name : name[..LongestName], $"is no parameter; there are: {string.Join(", ", parameters.Select(p => p.Name))}"));
            else if (values.Count > 1)
                errors.Add((name, "is there twice"));
            else if (text.Length > 0 && !parameter.Accepts(text))
                errors.Add((name, parameter.MustBe));
            if (errors.Count == MostErrors)
                break;
        }

        return errors;
    }
}
