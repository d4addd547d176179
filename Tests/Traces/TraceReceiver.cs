using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.LocalHosting.Otlp;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Traces;

/// <summary>Receives what processes export, at an address of its own.</summary>
internal sealed class TraceReceiver : IAsyncDisposable
{
    private const string Key = "trace-tests";

    private readonly WebApplication _app;

    private TraceReceiver(WebApplication app, TelemetryStore store) => (_app, Store) = (app, store);

    public TelemetryStore Store { get; }

    public Uri Address => new(_app.Urls.First());

    public IEnumerable<(string Name, string Value)> Variables => new OtlpTarget(Address.ToString(), Key).Variables;

    public static async Task<TraceReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.UseRouting();
        var store = new TelemetryStore();
        new OtlpReceiver(store, Key).Map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, store);
    }

    /// <summary>The trace's spans, as soon as the one of that name has come.</summary>
    public async Task<IReadOnlyList<SpanEntry>> UntilAsync(string traceId, params string[] names)
    {
        await Programs.UntilAsync(
            () => Task.FromResult(names.All(n => Store.Traces.Find(traceId).Any(s => s.Name == n))),
            $"spans {string.Join(", ", names)} arrive");
        return Store.Traces.Find(traceId);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
