using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Dashboard;

/// <summary>The gateway's own dashboard: its page, and what the page and others read from it.</summary>
internal static class DashboardApi
{
    public const string Path = "/dashboard";

    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        // Read here as well, so that a bad value ends the start with its line.
        DashboardConfigStore.Check(builder.Configuration);
        builder.Services.AddSingleton<PageAssets>();
        builder.Services.AddSingleton<DashboardConfigStore>();
        builder.Services.AddInstruments<RequestStatistics>();
        builder.Services.AddInstruments<StoreStatistics>();
        builder.Services.AddSingleton<SlowFigures>();
        builder.Services.AddSingleton<DashboardSource>();
        builder.Services.AddHostedService(s => s.GetRequiredService<DashboardSource>());
        builder.Services.AddSingleton<GrafanaFiles>();
    }

    public static void MapDashboard(this IEndpointRouteBuilder app)
    {
        app.MapSignInApi();
        app.MapGet(Path, PageAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapGet($"{Path}/web/{{**file}}", FileAsync).AllowAnonymous().ExcludeFromDescription();
        var api = app.MapGroup(Path).RequireAuthorization(Policies.Read).WithTags("Dashboard").ExcludeFromDescription();
        api.Map("/ws", ConnectAsync);
        api.MapGet("/config", ReadConfigAsync);
        api.MapPut("/config", WriteConfigAsync).Audited("dashboard.changed").RequireAuthorization(Policies.Manage);
        api.MapGet("/performance", Performance);
        api.MapGet("/grafana", (GrafanaFiles files) => TypedResults.Ok(new Page<BoardView>(files.List(), null)));
        api.MapGet("/grafana/{name}", (string name, GrafanaFiles files) => files.Find(name) is { } board
            ? Results.Text(board, "application/json")
            : ProblemResponse.NotFound("There is no such board."));
    }

    public static void SetHeaders(HttpContext context, PageAssets assets)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = assets.Policy();
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
    }

    private static async Task PageAsync(HttpContext context, PageAssets assets, DashboardSource source, CancellationToken cancellationToken)
    {
        SetHeaders(context, assets);
        context.Response.Headers.Vary = "Accept, Cookie";
        var key = context.Features.Get<ApiKey>();
        if (WantsJson(context.Request))
        {
            context.Response.Headers.CacheControl = "no-store";
            await (key is null
                ? ProblemResponse.WriteAsync(context, StatusCodes.Status401Unauthorized, "A key is needed: Authorization: Bearer osm_… or X-Api-Key.")
                : TypedResults.Json(
                    new DashboardMessage("snapshot", new DashboardUser(key.User, key.Role.ToWire()), await source.ReadAsync(key, cancellationToken)),
                    DashboardJsonContext.Default.DashboardMessage).ExecuteAsync(context));
        }
        else if (key is null)
        {
            // Its session has ended, and it would be shown in vain with every request.
            Sessions.Forget(context);
            await SignInApi.WritePageAsync(context, assets, StatusCodes.Status200OK, null);
        }
        else
            await assets.WriteAsync(context, "index.html", StatusCodes.Status200OK);
    }

    // The page's code is nobody's secret, and the sign-in page needs its style.
    private static Task FileAsync(HttpContext context, PageAssets assets)
    {
        SetHeaders(context, assets);
        return context.Request.RouteValues["file"] is string file && !file.EndsWith(".html", StringComparison.Ordinal) && assets.Has(file)
            ? assets.WriteAsync(context, file, StatusCodes.Status200OK)
            : ProblemResponse.WriteAsync(context, StatusCodes.Status404NotFound, "There is no such file.");
    }

    private static async Task ConnectAsync(
        HttpContext context, DashboardSource source, DashboardConfigStore config, WebSocketConnections connections, StreamLimits limits, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        using var place = await WebSocketApi.TryEnterAsync(context, connections);
        if (place is null)
            return;
        using var socket = await WebSocketApi.AcceptAsync(context);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var callerEnd = CallerEnd.Of(context);
        await new DashboardSession(socket, ApiKeyAuthentication.KeyOf(context), callerEnd, source, config, connections, limits, time).RunAsync(ending.Token);
    }

    private static async Task<IResult> ReadConfigAsync(DashboardConfigStore config, CancellationToken cancellationToken) =>
        TypedResults.Ok(View(await config.ReadAsync(cancellationToken)));

    private static async Task<IResult> WriteConfigAsync(HttpContext context, RequestBody requestBody, DashboardConfigStore config, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var errors = new List<FieldError>();
        var fields = new JsonFields(body.RootElement, "", errors);
        var before = await config.ReadAsync(cancellationToken);
        var after = new DashboardConfig(fields.Text("title") ?? before.Title, fields.Duration("refresh") ?? before.Refresh);
        fields.RefuseOthers();
        if (after.Title.Length is 0 or > 60 || after.Title.Any(c => char.IsControl(c) || char.IsSurrogate(c)) || after.Title.Trim() != after.Title)
            errors.Add(new FieldError("title", "must be 1 to 60 printable characters"));
        if (after.Refresh < DashboardConfig.Shortest || after.Refresh > DashboardConfig.Longest)
            errors.Add(new FieldError("refresh", "must be 1s to 5m"));
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors.DistinctBy(e => e.Field).Select(e => (e.Field, e.Message)));
        await config.WriteAsync(after, cancellationToken);
        context.Audit("dashboard.changed", "dashboard", Shown(before), Shown(after));
        return TypedResults.Ok(View(after));
    }

    private static IResult Performance(RequestStatistics requests, DashboardSource source, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return TypedResults.Ok(new PerformanceView(now, requests.All.Summarise(LatencyWindow.SlotOf(now) - 1, 300 / LatencyWindow.SlotSeconds), requests.ByEndpoint(), source.History()));
    }

    private static JsonObject Shown(DashboardConfig config) => new() { ["title"] = config.Title, ["refresh"] = DurationText.Format(config.Refresh) };

    private static ConfigView View(DashboardConfig config) => new(config.Title, DurationText.Format(config.Refresh));

    // A browser names HTML; a program that asks for JSON names that and not HTML.
    private static bool WantsJson(HttpRequest request) =>
        request.GetTypedHeaders().Accept is { Count: > 0 } accept && accept.Any(a => a.MediaType == "application/json") && !accept.Any(a => a.MediaType == "text/html");
}
