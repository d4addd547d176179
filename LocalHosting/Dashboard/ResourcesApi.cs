using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Otlp;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>Resources, their variables and lines, and their start and stop.</summary>
internal sealed class ResourcesApi(DashboardSources sources, TelemetryStore telemetry)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/resources", context => DashboardJsonContext.WriteAsync(context, Overview(), DashboardJsonContext.Default.OverviewView));
        routes.MapGet("/api/resources/{name}/environment", EnvironmentAsync);
        routes.MapGet("/api/resources/{name}/console", context => DashboardJsonContext.WriteAsync(context, Console(context.Request), DashboardJsonContext.Default.ConsoleView));
        routes.MapPost("/api/resources/{name}/{action}", ActAsync);
    }

    private OverviewView Overview() => new(
        Path.GetFileName(Environment.ProcessPath is null ? "" : System.Reflection.Assembly.GetEntryAssembly()?.GetName().Name ?? "").Replace(".AppHost", "", StringComparison.Ordinal),
        [.. sources.Programs.Select(View)],
        new(telemetry.Logs.Use, telemetry.Traces.Use, telemetry.Metrics.Use, telemetry.Traces.DroppedSpans));

    private ResourceView View(ResourceProgram program)
    {
        var resource = program.Resource;
        var worst = sources.Board.Worst(resource.Name);
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        return new(
            resource.Name,
            resource.GetType().Name.Replace("Resource", "", StringComparison.Ordinal),
            worst.State.ToString(),
            worst.Health,
            worst.Reason,
            Enumerable.Range(0, program.Replicas).Sum(i => sources.Board[resource.Name, i].Restarts),
            RunReport.Urls(resource),
            program.Note is { Length: > 0 } note ? note : null,
            [.. resource.Annotations.OfType<WaitAnnotation>().Select(w => w.Resource.Name)],
            [.. Enumerable.Range(0, program.Replicas).Select(Replica)]);

        ReplicaView Replica(int i)
        {
            var status = sources.Board[resource.Name, i];
            var urls = endpoints.Where(e => e.AllocatedPorts.Count > i).Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.UriScheme}://127.0.0.1:{e.AllocatedPorts[i]}"));
            return new(i, RunReport.NameOf(program, i), status.State.ToString(), status.Health, status.Reason, status.Restarts, [.. urls]);
        }
    }

    /// <summary>The variables that the resource is given; what it merely inherits from AppHost is left out.</summary>
    private async Task EnvironmentAsync(HttpContext context)
    {
        var program = Find(context.Request);
        if (program is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var secrets = new List<string>();
        foreach (var parameter in sources.Resources.OfType<ParameterResource>().Where(p => p.Secret))
            secrets.Add(await parameter.GetValueAsync(context.RequestAborted) ?? "");
        var mask = new SecretMask(secrets);
        var replica = Math.Clamp(Number(context.Request, "replica"), 0, program.Replicas - 1);
        var variables = await program.EnvironmentAsync((int)replica, context.RequestAborted);
        IReadOnlyList<VariableView> given =
        [
            .. variables.Where(v => Environment.GetEnvironmentVariable(v.Key) != v.Value)
                .OrderBy(v => v.Key, StringComparer.Ordinal)
                .Select(v => new VariableView(v.Key, mask.Apply(v.Key, v.Value))),
        ];
        await DashboardJsonContext.WriteAsync(context, given, DashboardJsonContext.Default.IReadOnlyListVariableView);
    }

    private ConsoleView? Console(HttpRequest request) =>
        sources.Console.After((string)request.RouteValues["name"]!, (int)Math.Clamp(Number(request, "replica"), 0, int.MaxValue), Number(request, "after")) is var (lines, total)
            ? new(lines, total)
            : null;

    private async Task ActAsync(HttpContext context)
    {
        // Not the request's token: what was begun is ended, whether or not the page is still there.
        var action = (string)context.Request.RouteValues["action"]!;
        if (Find(context.Request) is null || action is not ("start" or "stop" or "restart"))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var resource = sources.Running[(string)context.Request.RouteValues["name"]!];
        var done = true;
        if (action == "start")
            done = await resource.StartAsync(CancellationToken.None);
        else if (action == "stop")
            done = await resource.StopAsync(CancellationToken.None);
        else
            await resource.RestartAsync(CancellationToken.None);
        context.Response.StatusCode = done ? StatusCodes.Status204NoContent : StatusCodes.Status409Conflict;
    }

    private ResourceProgram? Find(HttpRequest request) => sources.Programs.FirstOrDefault(p => p.Resource.Name == (string)request.RouteValues["name"]!);

    private static long Number(HttpRequest request, string name) =>
        long.TryParse(request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
