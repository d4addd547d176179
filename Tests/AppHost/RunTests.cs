using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AppHost;

/// <summary>AppHost as people run it: what it prints and writes, and that nothing outlives it.</summary>
public sealed class RunTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task First_request_that_is_printed_works_and_login_link_signs_in_once()
    {
        await using var host = new AppHostProcess().Start("--backing", "embedded");
        await host.UntilReadyAsync();
        Assert.Equal($"Starting OsMEN with the embedded backing. Its data is in {Path.Combine(host.Folder, "embedded")}.", host.Lines[0]);
        Assert.StartsWith("Login to the dashboard at http://localhost:", host.Lines.Single(l => l.Contains("Login", StringComparison.Ordinal)), StringComparison.Ordinal);

        var from = host.Lines.ToList().FindIndex(l => l.StartsWith("curl ", StringComparison.Ordinal));
        var answer = JsonDocument.Parse(await Programs.RunAsync("sh", "-c", $"{string.Join('\n', host.Lines.Skip(from).Take(3))} -sS")).RootElement;
        Assert.Equal("COMPLETED", answer.GetProperty("status").GetString());

        var link = host.Lines.Single(l => l.StartsWith("Gateway dashboard: ", StringComparison.Ordinal)).Split(' ')[2];
        using var handler = new HttpClientHandler();
        using var browser = new HttpClient(handler);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(new Uri(link), Token)).StatusCode);
        Assert.Single(handler.CookieContainer.GetCookies(new Uri(link)));
        using var stranger = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(new Uri(link), Token)).StatusCode);

        var run = host.ReadRunFile();
        Assert.Equal((host.Process.Id, "embedded"), (run.GetProperty("pid").GetInt32(), run.GetProperty("backing").GetString()));
        Assert.Equal(["agentworker", "garnet", "gateway", "osmen", "redis"], run.GetProperty("resources").EnumerateObject().Select(r => r.Name).Where(n => n is not ("prometheus" or "alertmanager")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.RunFile));
        await host.UntilAsync(() => Task.FromResult(host.UrlsOf("agentworker").Count == 2), "both workers have an address");

        Assert.Equal(0, await host.EndAsync("INT"));
        Assert.False(File.Exists(host.RunFile));
        Assert.Empty(host.Find("OsMEN."));
    }

    [Fact]
    public async Task Killed_AppHost_leaves_nothing_running_and_its_data_whole()
    {
        await using var first = new AppHostProcess().Start("--backing", "embedded");
        await first.UntilReadyAsync();
        string? id;
        using (var http = first.CreateClient())
            id = (await AppHostProcess.RunAgentAsync(http, Token)).GetProperty("id").GetString();
        Assert.NotEmpty(first.Find("OsMEN.Gateway"));
        await first.EndAsync("KILL");
        await first.UntilAsync(() => Task.FromResult(first.Find("").Count == 0), "no process is left", TimeSpan.FromSeconds(30));

        await using var second = new AppHostProcess(first.Folder).Start("--backing", "embedded");
        await second.UntilReadyAsync();
        using var again = second.CreateClient();
        var execution = JsonDocument.Parse(await again.GetStringAsync(new Uri($"/api/v1/executions/{id}", UriKind.Relative), Token)).RootElement;
        Assert.Equal("COMPLETED", execution.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Stopped_AppHost_lets_a_worker_finish_what_it_runs()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Aspire stops processes itself on Windows.");
        await using var host = new AppHostProcess();
        var agents = Directory.CreateDirectory(Path.Combine(host.Folder, "catalog", "agents")).FullName;
        var started = Path.Combine(host.Folder, "started");
        await File.WriteAllTextAsync(Path.Combine(agents, "slow.yaml"), "description: Takes its time\ntype: process\ncommand: [sh, ./slow.sh]\n", Token);
        await File.WriteAllTextAsync(
            Path.Combine(agents, "slow.sh"), $"touch '{started}'\nsleep 12\necho '{{\"type\":\"result\",\"output\":\"done\"}}'\n", Token);
        host.Environment["CATALOG_PATH"] = Path.Combine(host.Folder, "catalog");
        host.Start("--backing", "embedded");
        await host.UntilReadyAsync();
        using (var http = host.CreateClient())
            (await http.PostAsJsonAsync("/api/v1/agents/slow/executions", new { input = "x" }, Token)).EnsureSuccessStatusCode();
        await host.UntilAsync(() => Task.FromResult(File.Exists(started)), "the agent runs");
        Assert.Equal(0, await host.EndAsync("TERM"));

        await using var database = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "embedded", "osmen.db")};Mode=ReadOnly;Pooling=false");
        await database.OpenAsync(Token);
        await using var command = new SqliteCommand("SELECT status || ' ' || attempt || ' ' || output FROM executions", database);
        Assert.Equal($"{(int)OsMEN.Executions.ExecutionStatus.Completed} 1 \"done\"", await command.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task Run_file_that_cannot_be_written_is_reported_once_and_the_system_runs()
    {
        await using var host = new AppHostProcess();
        Directory.CreateDirectory(host.RunFile + ".new");
        host.Start("--backing", "embedded");
        await host.UntilReadyAsync();
        Assert.Single(host.Lines, l => l.StartsWith("run.json cannot be written: ", StringComparison.Ordinal));
        Assert.Equal(0, await host.EndAsync("TERM"));
    }

    [Fact]
    public async Task Taken_port_is_replaced_and_said_and_a_second_AppHost_in_the_folder_is_refused()
    {
        using var stranger = new TcpListener(IPAddress.Loopback, 8080);
        try
        {
            stranger.Start();
        }
        catch (SocketException)
        {
            // Somebody else has it, which is as good.
        }

        await using var host = new AppHostProcess().Start("--backing", "embedded");
        await host.UntilReadyAsync();
        Assert.Contains("Port 8080 is taken by another process, so gateway gets a free one.", host.Lines);
        Assert.DoesNotContain(":8080", host.UrlsOf("gateway")[0], StringComparison.Ordinal);

        await using var second = new AppHostProcess(host.Folder).Start("--backing", "embedded");
        Assert.Equal(1, await second.ExitAsync());
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"OsMEN cannot start: another AppHost (process {host.Process.Id}) uses {host.Folder}. Stop it first, or pass --data with another folder."),
            second.Lines.Last());
        Assert.True(File.Exists(host.RunFile));
    }

    [Fact]
    public async Task Service_that_refuses_its_configuration_is_reported_in_one_line_and_not_restarted()
    {
        await using var host = new AppHostProcess();
        host.Environment["LOG_LEVEL"] = "LOUD";
        host.Start("--backing", "embedded");
        await host.UntilLineAsync("gateway refuses its configuration: LOG_LEVEL holds \"LOUD\"; allowed: ");
        await host.UntilLineAsync("agentworker refuses its configuration: LOG_LEVEL holds \"LOUD\"; allowed: ");
        Assert.Equal(0, await host.EndAsync("TERM"));
        Assert.DoesNotContain(host.Lines, l => l.Contains("exited with code", StringComparison.Ordinal));
    }
}
