using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;

namespace OsMEN.Gateway.Security;

/// <summary>Users: the names that keys carry. One that is disabled is not let in with any key.</summary>
internal static class UsersApi
{
    private static readonly QueryParameter<string?> Status = QueryParameter.OneOf("status", "Users in this state", "active", "disabled");
    private static readonly QueryParameter<string?> After = QueryParameter.Cursor(text => Users.IsValid(text) ? text : null);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(50, 1000);

    public static void MapUsersApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/users").RequireAuthorization(Policies.Manage).WithTags("Keys");
        api.MapGet("", ListAsync).WithName("ListUsers").WithSummary("Users by name, with their keys, roles, and what they used within 30 days")
            .Takes(Status, After, Limit).Produces<Page<UserView>>().ProducesProblems(503);
        api.MapGet("/{**name}", GetAsync).WithName("GetUser").WithSummary("One user").Produces<UserView>().ProducesProblems(404, 503);
        api.MapPut("/{**name}", PutAsync).Audited("user.disabled", "user.enabled").WithMetadata(new OutlivesKey()).WithName("PutUser")
            .WithSummary("Disables a user: no key of theirs is let in, within a second on every gateway, and what they opened is closed; or enables it again")
            .Accepts<UserRequest>("application/json").Produces<UserView>().ProducesValidationProblem().ProducesProblems(404, 409, 413, 415, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext context, UserReader users, CancellationToken cancellationToken)
    {
        var (status, size) = (Status.Of(context), Limit.Of(context)!.Value);
        var found = await users.ReadAsync(null, status is null ? null : status == "disabled", After.Of(context), size + 1, cancellationToken);
        var items = found.Take(size).ToArray();
        return TypedResults.Ok(new Page<UserView>(items, found.Count > size ? items[^1].Name : null));
    }

    private static Task<IResult> GetAsync(string name, UserReader users, CancellationToken cancellationToken) => ViewAsync(Name(name), users, cancellationToken);

    private static async Task<IResult> PutAsync(string name, HttpContext context, RequestBody requestBody, KeyAdministration keys, UserReader users, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var errors = new List<FieldError>();
        var fields = new JsonFields(body.RootElement, "", errors);
        var disabled = fields.Flag("disabled");
        fields.RefuseOthers();
        if (disabled is null && errors.Count == 0)
            errors.Add(new FieldError("disabled", "is required: true or false"));
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors.DistinctBy(e => e.Field).Select(e => (e.Field, e.Message)));
        return await keys.SetDisabledAsync(context, Name(name), disabled!.Value, cancellationToken) switch
        {
            KeyOutcome.LastAdmin => ProblemResponse.Create(StatusCodes.Status409Conflict, "No key that may administer would be left; nothing was changed. Make one for another user first."),
            KeyOutcome.LastLastingAdmin => ProblemResponse.Create(StatusCodes.Status409Conflict, KeysApi.LastLasting),
            _ => await ViewAsync(Name(name), users, cancellationToken),
        };
    }

    private static async Task<IResult> ViewAsync(string name, UserReader users, CancellationToken cancellationToken) =>
        (await users.ReadAsync(name, null, null, 1, cancellationToken)) is [var user] ? TypedResults.Ok(user) : ProblemResponse.NotFound("There is no such user.");

    // The only character that a path's value keeps escaped.
    private static string Name(string value) => value.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
