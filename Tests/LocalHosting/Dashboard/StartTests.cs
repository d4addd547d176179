using System.Net;
using System.Net.Sockets;
using OsMEN.LocalHosting.Dashboard;
using OsMEN.LocalHosting.Output;
using OsMEN.LocalHosting.Running;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>Applications that are started on one machine at once.</summary>
public sealed class StartTests
{
    private const int PreferredPort = 18888;

    // Two that are bound to one port, of which the second to listen fails: so does one of two AppHosts that start together.
    [Fact]
    public async Task A_dashboard_takes_another_port_when_somebody_comes_to_listen_on_the_one_that_it_has_bound()
    {
        var token = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("osmen-dashboards-");
        using var enough = new CancellationTokenSource();
        var coming = Task.Run(() => ComeAndGo(enough.Token), CancellationToken.None);
        await using (var output = new ConsoleOutput(TextWriter.Null, folder.FullName))
        {
            for (var i = 0; i < 50; i++)
            {
                var server = await DashboardServer.StartAsync(new([], [], new StatusBoard([]), new Dictionary<string, RunningResource>(StringComparer.Ordinal), new ConsoleLines(1)), output, token);
                Assert.NotNull(server);
                await server.DisposeAsync();
            }
        }

        await enough.CancelAsync();
        await coming;
        folder.Delete(recursive: true);
    }

    private static void ComeAndGo(CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, PreferredPort));
                socket.Listen();
            }
            catch (SocketException)
            {
                // The dashboard's, this time.
            }
        }
    }
}
