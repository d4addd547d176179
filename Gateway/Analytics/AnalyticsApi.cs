using System.Buffers.Text;
using System.Globalization;
using System.Text;
using OsMEN.Executions.Analytics;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Analytics;

/// <summary>The database's views as pages of JSON. Totals are for every role; of the rows about people a user sees its own.</summary>
internal static class AnalyticsApi
{
    private const int LongestKey = 1000;
    private static readonly string Names = string.Join(", ", AnalyticsViews.All.Select(v => v.Name));

    public static void MapAnalyticsApi(this IEndpointRouteBuilder app)
    {
        var views = string.Join("\n", AnalyticsViews.All.Select(v => $"- `{v.Name}`: {v.Summary}. {string.Join(", ", v.Columns.Select(c => c.Name))}"));
        app.MapGet("/api/v1/analytics/{view}", ReadAsync).RequireAuthorization(Policies.Read).WithTags("Analytics").WithName("ReadAnalytics")
            .WithSummary("One of the five views of the database, by its first column")
            .WithDescription($"{views}\n\nTimes are seconds, rates 0 to 1, cost dollars. Pages: `?limit=1..1000&cursor=`.")
            .Produces<Page<RawJson>>().ProducesValidationProblem().ProducesProblems(404, 503);
    }

    private static async Task<IResult> ReadAsync(string view, HttpContext context, AnalyticsReader reader, CancellationToken cancellationToken)
    {
        if (AnalyticsViews.Find(view) is not { } found)
            return ProblemResponse.NotFound($"There is no such view; there are: {Names}.");
        var (query, errors) = Read(found, context.Request.Query);
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors);
        var key = ApiKeyAuthentication.KeyOf(context);
        if (found == AnalyticsViews.UserActivity && key.Role == Role.User)
            query = query with { Only = key.User };

        // One more than asked for tells whether there is a next page.
        var rows = await reader.ReadAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        var items = rows.Take(query.Limit).Select(r => AnalyticsJson.Write(found, r)).ToArray();
        return TypedResults.Ok(new Page<RawJson>(items, rows.Count > query.Limit ? Cursor(rows[query.Limit - 1][0]!) : null));
    }

    private static (AnalyticsQuery Query, List<(string, string)> Errors) Read(AnalyticsView view, IQueryCollection parameters)
    {
        var query = new AnalyticsQuery { View = view };
        var errors = new List<(string, string)>();
        foreach (var (name, values) in parameters.Take(10))
        {
            var text = values.ToString();
            if (values.Count > 1)
                errors.Add((name, "is there twice"));
            else if (name == "limit" && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= 1000)
                query = query with { Limit = limit };
            else if (name == "limit")
                errors.Add((name, "must be 1 to 1000"));
            else if (name == "cursor" && TryCursor(view, text) is { } after)
                query = query with { After = after };
            else if (name == "cursor")
                errors.Add((name, "must be the next_cursor of a page"));
            else
                errors.Add((name.Length <= 64 ? name : name[..64], "is no parameter; there are: cursor, limit"));
        }

        return (query, errors);
    }

    private static string Cursor(object key) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key is DateOnly date ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : (string)key));

    private static string? TryCursor(AnalyticsView view, string text)
    {
        if (text.Length is 0 or > LongestKey * 4 || !Base64Url.IsValid(text))
            return null;
        var key = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        if (view.Key.Kind == AnalyticsColumnKind.Date)
            return DateOnly.TryParseExact(key, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? key : null;
        return key.Length is >= 1 and <= LongestKey && !key.Any(char.IsControl) ? key : null;
    }
}
