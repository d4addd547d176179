using System.Globalization;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;

namespace OsMEN.Gateway.Security;

/// <summary>Users: the names that keys carry. One that is disabled is not let in with any key.</summary>
internal static class UsersApi
{
    private const int MaxPage = 1000;

    private static readonly string[] Known = ["status", "cursor", "limit"];

    public static void MapUsersApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/users").RequireAuthorization(Policies.Manage).WithTags("Keys");
        api.MapGet("", ListAsync).WithName("ListUsers").WithSummary("Users by name, with their keys, roles, and what they used within 30 days; ?status=active or disabled")
            .Produces<Page<UserView>>().ProducesValidationProblem().ProducesProblems(503);
        api.MapGet("/{**name}", GetAsync).WithName("GetUser").WithSummary("One user").Produces<UserView>().ProducesProblems(404, 503);
        api.MapPut("/{**name}", PutAsync).Audited("user.disabled", "user.enabled").WithMetadata(new OutlivesKey()).WithName("PutUser")
            .WithSummary("Disables a user: no key of theirs is let in, within a second on every gateway, and what they opened is closed; or enables it again")
            .Accepts<UserRequest>("application/json").Produces<UserView>().ProducesValidationProblem().ProducesProblems(404, 409, 413, 415, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext context, string? status, string? cursor, string? limit, UserReader users, CancellationToken cancellationToken)
    {
        var size = 50;
        if (context.Request.Query.Keys.FirstOrDefault(k => !Known.Contains(k, StringComparer.Ordinal)) is { } other)
            return ProblemResponse.Invalid(other.Length <= 64 ? other : other[..64], $"is no parameter; there are: {string.Join(", ", Known)}");
        if (status is not (null or "active" or "disabled"))
            return ProblemResponse.Invalid("status", "must be active or disabled");
        if (cursor is not null && !Users.IsValid(cursor))
            return ProblemResponse.Invalid("cursor", "must be the next_cursor of a page");
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > MaxPage))
            return ProblemResponse.Invalid("limit", $"must be 1 to {MaxPage}");
        var found = await users.ReadAsync(null, status is null ? null : status == "disabled", cursor, size + 1, cancellationToken);
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
