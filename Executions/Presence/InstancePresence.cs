using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Executions;

/// <summary>
/// Tells the others where this process serves its metrics: <c>INSTANCE_URL</c>, else what the server listens on, with this machine's
/// address where it listens on all.
/// </summary>
public sealed partial class InstancePresence(
    string job, InstanceTable table, ExecutionSchema schema, IServer server, IHostApplicationLifetime lifetime, IConfiguration configuration, TimeProvider time, ILogger<InstancePresence> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly string _id = Guid.CreateVersion7(time.GetUtcNow()).ToString();
    private readonly Uri? _configured = configuration.ReadHttpAddress("INSTANCE_URL");

    /// <summary>Registers the presence of a service.</summary>
    public static void Add(IServiceCollection services, string job)
    {
        services.AddSingleton<InstanceTable>();
        services.AddHostedService(s => ActivatorUtilities.CreateInstance<InstancePresence>(s, job));
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (schema.Ready.IsCompletedSuccessfully) await TellAsync(() => table.LeaveAsync(_id, cancellationToken));
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stoppingToken);
        if ((_configured ?? Listening()) is not { } url) return;
        using var timer = new PeriodicTimer(Interval, time);
        do
            await TellAsync(() => table.AnnounceAsync(_id, job, url, stoppingToken));
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private Uri? Listening()
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var address = addresses.Order(StringComparer.Ordinal).FirstOrDefault(a => a.StartsWith("http://", StringComparison.OrdinalIgnoreCase));
        if (address is null) return null;
        var own = OwnAddress();
        foreach (var all in (ReadOnlySpan<string>)["//*:", "//+:", "//[::]:", "//0.0.0.0:"])
            address = address.Replace(all, $"//{own}:", StringComparison.Ordinal);
        return Uri.TryCreate(address, UriKind.Absolute, out var url) ? url : null;
    }

    private static IPAddress OwnAddress() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .OrderByDescending(n => n.GetIPProperties().GatewayAddresses.Count)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address).FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;

    private async Task TellAsync(Func<Task> tell)
    {
        try
        {
            await tell();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "This instance's address could not be told")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
