using System.Text.Json.Serialization;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;

namespace OsMEN.Gateway.Security;

/// <summary>A key as the API shows it; <paramref name="Key"/> only in the answer that makes it.</summary>
internal sealed record KeyView(
    string Id, string Name, string Role, string User, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null)
{
    public static KeyView Of(ApiKey key, string? secret = null) =>
        new(key.Id, key.Name, key.Role.ToWire(), key.User, key.CreatedAt, key.ExpiresAt, key.LastUsedAt, secret);
}

/// <summary>The body that makes a key.</summary>
internal sealed record KeyRequest(string Name, string Role, string User, string? ExpiresIn);

/// <summary>Administering keys. Those of OSMEN_API_KEYS are not shown: they live where they were set.</summary>
internal static class KeysApi
{
    public static void MapKeysApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/keys").RequireAuthorization(Policies.Manage).WithTags("Keys");
        api.MapGet("", ListAsync).WithName("ListKeys").WithSummary("Keys that are not revoked").Produces<Page<KeyView>>().ProducesProblems(503);
        api.MapPost("", CreateAsync).WithName("CreateKey").WithSummary("Makes a key and shows it, this once")
            .Accepts<KeyRequest>("application/json").Produces<KeyView>(StatusCodes.Status201Created).ProducesValidationProblem().ProducesProblems(413, 415, 503);
        api.MapDelete("/{id}", RevokeAsync).WithName("RevokeKey").WithSummary("Revokes a key, within a second on every gateway")
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 503);
    }

    private static async Task<IResult> ListAsync(ApiKeyTable table, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Page<KeyView>([.. (await table.ListAsync(cancellationToken)).Select(k => KeyView.Of(k))], null));

    private static async Task<IResult> CreateAsync(HttpContext context, RequestBody requestBody, ApiKeyTable table, KeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var errors = new List<FieldError>();
        var fields = new JsonFields(body.RootElement, "", errors);
        var name = fields.Text("name") ?? "";
        var roleName = fields.Text("role") ?? Role.User.ToWire();
        var user = fields.Text("user") ?? name;
        var expires = fields.Duration("expires_in");
        fields.RefuseOthers();
        if (!Users.IsValid(name))
            errors.Add(new FieldError("name", "is required: 1 to 200 printable characters"));
        if (!RoleNames.TryParse(roleName, out var role))
            errors.Add(new FieldError("role", $"must be one of: {string.Join(", ", RoleNames.All)}"));
        if (!Users.IsValid(user))
            errors.Add(new FieldError("user", "must be 1 to 200 printable characters"));
        if (expires is { Ticks: <= 0 })
            errors.Add(new FieldError("expires_in", "must be over 0"));
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors.DistinctBy(e => e.Field).Select(e => (e.Field, e.Message)));

        var secret = ApiKey.Generate();
        var now = time.GetUtcNow();
        var key = new ApiKey(Guid.CreateVersion7(now).ToString(), name, ApiKey.HashOf(secret), role, user, now, now + expires, null);
        await table.AddAsync(key, cancellationToken);
        await ring.RefreshAsync(cancellationToken);
        return TypedResults.Created($"/api/v1/keys/{key.Id}", KeyView.Of(key, secret));
    }

    private static async Task<IResult> RevokeAsync(string id, ApiKeyTable table, KeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var guid) || !await table.RevokeAsync(guid.ToString(), time.GetUtcNow(), cancellationToken))
            return ProblemResponse.NotFound("There is no such key.");
        await ring.RefreshAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
