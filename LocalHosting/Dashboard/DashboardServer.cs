using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OsMEN.LocalHosting.Otlp;
using OsMEN.LocalHosting.Output;
using OsMEN.Web;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>The dashboard and the receiver of telemetry, on 127.0.0.1, in AppHost's process.</summary>
internal sealed class DashboardServer : IAsyncDisposable
{
    private const string Name = "dashboard";
    private const int PreferredPort = 18888;

    private readonly WebApplication _app;

    private DashboardServer(WebApplication app, TelemetryStore store, string token, string apiKey)
    {
        _app = app;
        Store = store;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        Address = addresses[0];
        GrpcAddress = addresses[1];
        LoginUrl = $"{Address}/login?t={token}";
        Telemetry = new(Address, apiKey);
    }

    /// <summary>The page's, and the receiver's over HTTP.</summary>
    public string Address { get; }

    /// <summary>The receiver's over gRPC.</summary>
    public string GrpcAddress { get; }

    /// <summary>Opens the dashboard. A secret.</summary>
    public string LoginUrl { get; }

    public OtlpTarget Telemetry { get; }

    /// <summary>What was received.</summary>
    public TelemetryStore Store { get; }

    /// <summary>Starts it on its port or, where that is taken, on a free one. Null where it cannot start, which is said and keeps nothing else from running.</summary>
    public static async Task<DashboardServer?> StartAsync(DashboardSources sources, ConsoleOutput output, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                return await StartAsync(sources, output, PreferredPort, cancellationToken);
            }
            catch (Exception taken) when (taken is IOException or SocketException)
            {
                var server = await StartAsync(sources, output, 0, cancellationToken);
                output.Say(Name, $"port {PreferredPort} is taken, using {new Uri(server.Address).Port}");
                return server;
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            output.Say(Name, $"cannot start, everything else runs without it: {error.Message}");
            return null;
        }
    }

    /// <exception cref="IOException">The port is taken.</exception>
    /// <exception cref="SocketException">Another has come to listen on it between this one's binding and listening.</exception>
    internal static async Task<DashboardServer> StartAsync(DashboardSources sources, ConsoleOutput output, int port, CancellationToken cancellationToken)
    {
        // Without configuration: what AppHost's environment says of addresses and logs is meant for others.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "OsMEN.LocalHosting" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = OtlpReceiver.MaxBody;
            kestrel.Limits.MaxConcurrentConnections = 200;
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, LifetimeOfAppHost>();
        var app = builder.Build();

        var token = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var apiKey = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var telemetry = new TelemetryStore();
        var assets = new PageAssets();
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception error) when (!context.RequestAborted.IsCancellationRequested)
            {
                output.Say(Name, $"{context.Request.Method} {context.Request.Path} failed: {error}");
                if (!context.Response.HasStarted)
                    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        });
        app.Use(new AccessControl(token, assets).InvokeAsync);
        app.UseRouting();
        new OtlpReceiver(telemetry, apiKey).Map(app);
        new ResourcesApi(sources, telemetry).Map(app);
        new TelemetryApi(telemetry).Map(app);
        app.MapGet("/", context => assets.WriteAsync(context, "index.html", StatusCodes.Status200OK));
        app.MapGet("/web/{**file}", context => WriteFileAsync(context, assets));
        try
        {
            await app.StartAsync(cancellationToken);
            return new(app, telemetry, token, apiKey);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // A page that is open must not hold up AppHost's end.
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
    }

    private static Task WriteFileAsync(HttpContext context, PageAssets assets)
    {
        if (context.Request.RouteValues["file"] is string file && assets.Has(file))
            return assets.WriteAsync(context, file, StatusCodes.Status200OK);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>AppHost takes the signals; this server ends with it.</summary>
    private sealed class LifetimeOfAppHost : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
