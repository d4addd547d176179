using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Security;

/// <summary>Administering keys. Those of OSMEN_API_KEYS are shown, and changed only where they were set.</summary>
internal static class KeysApi
{
    public static void MapKeysApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/keys").RequireAuthorization(Policies.Manage).WithTags("Keys");
        api.MapGet("", ListAsync).WithName("ListKeys").WithSummary("Keys, newest first; those of the configuration before all others")
            .Takes(KeyQuery.Parameters).Produces<Page<KeyView>>().ProducesProblems(503);
        api.MapPost("", CreateAsync).Audited("key.created").WithName("CreateKey").WithSummary("Makes a key and shows it, this once")
            .Accepts<KeyRequest>("application/json").Produces<KeyView>(StatusCodes.Status201Created).ProducesValidationProblem().ProducesProblems(409, 413, 415, 503);
        api.MapGet("/{id}", GetAsync).WithName("GetKey").WithSummary("One key, also one that was revoked").Produces<KeyView>().ProducesProblems(404, 503);
        api.MapPatch("/{id}", ChangeAsync).Audited("key.changed").WithMetadata(new OutlivesKey()).WithName("ChangeKey")
            .WithSummary("Changes name, role or end of a key, within a second on every gateway; what is not in the body stays")
            .Accepts<KeyChangeRequest>("application/json").Produces<KeyView>().ProducesValidationProblem().ProducesProblems(404, 409, 413, 415, 503);
        api.MapDelete("/{id}", RevokeAsync).Audited("key.revoked").WithMetadata(new OutlivesKey()).WithName("RevokeKey")
            .WithSummary("Revokes a key, within a second on every gateway; what it opened is closed").Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 409, 503);
        app.MapGet("/api/v1/roles", Roles).RequireAuthorization(Policies.Read).WithTags("Keys").WithName("ListRoles").WithSummary("What a key of each role may do")
            .Produces<Page<RoleView>>().ProducesProblems();
    }

    private static async Task<IResult> ListAsync(HttpContext context, ApiKeyTable table, UserTable users, KeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        var query = KeyQuery.Read(context);
        var now = time.GetUtcNow();
        var disabled = await users.ReadDisabledAsync(cancellationToken);
        KeyStatus StatusOf(ApiKey key) => KeyView.StatusOf(key, disabled.ContainsKey(key.User), now);
        var uses = await table.ReadConfiguredUsesAsync(cancellationToken);
        var keys = ring.Configured.Where(k => query.Fits(k, StatusOf(k))).Select(k => WithUse(k, uses)).ToList();

        // One more than asked for tells whether there is a next page.
        if (keys.Count <= query.Limit)
            keys.AddRange(await table.ListAsync(query, query.Limit + 1 - keys.Count, now, cancellationToken));
        var items = keys.Take(query.Limit).Select(k => KeyView.Of(k, StatusOf(k))).ToArray();
        return TypedResults.Ok(new Page<KeyView>(items, keys.Count > query.Limit ? items[^1].Id : null));
    }

    private static async Task<IResult> GetAsync(string id, ApiKeyTable table, UserTable users, KeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        var key = ring.Configured.FirstOrDefault(k => k.Id == id);
        if (key is not null)
            key = WithUse(key, await table.ReadConfiguredUsesAsync(cancellationToken));
        else if (Guid.TryParseExact(id, "D", out var guid))
            key = await table.GetAsync(guid, cancellationToken);
        return key is null ? Unknown() : TypedResults.Ok(await ViewAsync(key, users, time, cancellationToken));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, RequestBody requestBody, KeyAdministration keys, TimeProvider time, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var now = time.GetUtcNow();
        var (name, user, change, errors) = KeyBody.ReadNew(body.RootElement, now);
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors.DistinctBy(e => e.Field).Select(e => (e.Field, e.Message)));
        var role = change.Role ?? Role.User;
        if (Above(context, role) is { } refusal)
            return refusal;
        var secret = ApiKey.Generate();
        var key = new ApiKey(OrderedIds.New(now).ToString(), name, ApiKey.HashOf(secret), role, user, now, change.Expires.At, null);
        return await keys.CreateAsync(context, key, cancellationToken) switch
        {
            KeyOutcome.UserDisabled => ProblemResponse.Create(StatusCodes.Status409Conflict, "The user is disabled: enable it first. Nothing was made."),
            KeyOutcome.TooMany => ProblemResponse.Create(StatusCodes.Status409Conflict, $"There are {ApiKeyTable.MaxKeys} keys already; nothing was made."),
            _ => TypedResults.Created($"/api/v1/keys/{key.Id}", KeyView.Of(key, KeyStatus.Active, secret)),
        };
    }

    private static async Task<IResult> ChangeAsync(
        string id, HttpContext context, RequestBody requestBody, KeyAdministration keys, KeyRing ring, UserTable users, TimeProvider time, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var (change, errors) = KeyBody.ReadChange(body.RootElement, time.GetUtcNow());
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors.DistinctBy(e => e.Field).Select(e => (e.Field, e.Message)));
        if (change.Role is { } role && Above(context, role) is { } refusal)
            return refusal;
        if (ring.Configured.Any(k => k.Id == id))
            return Configured();
        if (!Guid.TryParseExact(id, "D", out var guid))
            return Unknown();
        var (outcome, key) = await keys.ChangeAsync(context, guid, change, cancellationToken);
        return Problem(outcome) ?? TypedResults.Ok(await ViewAsync(key!, users, time, cancellationToken));
    }

    private static async Task<IResult> RevokeAsync(string id, HttpContext context, KeyAdministration keys, KeyRing ring, CancellationToken cancellationToken)
    {
        if (ring.Configured.Any(k => k.Id == id))
            return Configured();
        if (!Guid.TryParseExact(id, "D", out var guid))
            return Unknown();
        return Problem(await keys.RevokeAsync(context, guid, cancellationToken)) ?? TypedResults.NoContent();
    }

    private static IResult Roles() => TypedResults.Ok(new Page<RoleView>([.. RoleNames.All.Zip(RoleNames.Descriptions, (name, text) => new RoleView(name, text))], null));

    private static async Task<KeyView> ViewAsync(ApiKey key, UserTable users, TimeProvider time, CancellationToken cancellationToken) =>
        KeyView.Of(key, KeyView.StatusOf(key, (await users.ReadDisabledAsync(cancellationToken)).ContainsKey(key.User), time.GetUtcNow()));

    private static ApiKey WithUse(ApiKey key, Dictionary<string, DateTimeOffset> uses) => uses.TryGetValue(key.Hash, out var at) ? key with { LastUsedAt = at } : key;

    // Only administrators come here now, whose role is the highest: this holds also if that changes.
    private static IResult? Above(HttpContext context, Role role) => ApiKeyAuthentication.KeyOf(context).Role is var own && role > own
        ? ProblemResponse.Create(StatusCodes.Status403Forbidden, $"A key of the role {own.ToWire()} gives no higher one.")
        : null;

    private static IResult? Problem(KeyOutcome outcome) => outcome switch
    {
        KeyOutcome.NotFound => Unknown(),
        KeyOutcome.LastAdmin => ProblemResponse.Create(StatusCodes.Status409Conflict, "It is the last key that may administer; nothing was changed. Make another one first."),
        KeyOutcome.LastLastingAdmin => ProblemResponse.Create(StatusCodes.Status409Conflict, LastLasting),
        _ => null,
    };

    public const string LastLasting = "Every key left that may administer would expire, and lock everybody out; nothing was changed. Make another one that never expires first.";

    private static IResult Configured() => ProblemResponse.Create(StatusCodes.Status409Conflict, "This key comes from OSMEN_API_KEYS: it is changed and removed there.");

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such key.");
}
