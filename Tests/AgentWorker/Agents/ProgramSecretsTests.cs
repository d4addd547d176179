using System.Diagnostics;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>Programs that look for the worker's secrets in /proc, as docs/security.md says what they find. The worker is a process of its own.</summary>
public sealed class ProgramSecretsTests
{
    private const string Snoop = """
        import glob, json, os, sys
        def holds(path, secret):
            try:
                with open(path, "rb") as f:
                    return secret in f.read()
            except OSError:
                return False
        def remembers(pid, secret):
            try:
                with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
                    for line in maps:
                        area, rights = line.split()[:2]
                        start, end = (int(x, 16) for x in area.split("-"))
                        if rights.startswith("rw") and end - start < 1 << 28:
                            try:
                                mem.seek(start)
                                if secret in mem.read(end - start):
                                    return True
                            except OSError:
                                pass
            except OSError:
                pass
            return False
        def look(secret):
            secret = secret.encode()
            parent = os.getppid()
            found = [p for p in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") if holds(p, secret)]
            if remembers(parent, secret):
                found.append(f"/proc/{parent}/mem")
            try:
                open("note", "w").close()
                wrote = True
            except OSError:
                wrote = False
            return {"parent": parent, "found": found, "uid": os.getuid(), "wrote": wrote}
        if __name__ == "__main__":
            asked = json.loads(sys.stdin.readline())
            print(json.dumps({"type": "result", "output": look(asked["input"])}), flush=True)
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="worker">The user that runs the worker; null for the tests' own.</param>
    /// <param name="programs">The worker's setting PROGRAMS_USER.</param>
    /// <param name="namespaces">Whether programs get a user namespace where the kernel has them.</param>
    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, null, false)]
    [InlineData("nobody", null, true)]
    [InlineData("nobody", null, false)]
    [InlineData(null, "nobody", true)]
    public async Task A_program_finds_no_secret_of_the_worker_in_proc(string? worker, string? programs, bool namespaces)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("There is no /proc here.");
        if ((worker ?? programs) is not null && !Programs.IsRoot)
            Assert.Skip("Only root can start a program as another user.");
        using var program = McpProgram.Create();
        await File.WriteAllTextAsync(Path.Combine(program.Folder, "snoop.py"), Snoop, Token);
        program.WriteAgent("asks", "snoop");
        await File.WriteAllTextAsync(Path.Combine(program.Folder, "agents", "snoops.yaml"), $"description: Snoops.\ntype: process\ncommand: [\"{program.Python}\", ../snoop.py]\n", Token);
        await using var store = await TestStore.SqliteAsync();
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var model = await ScriptedModelServer.StartAsync();
        var secret = "sk-" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(32);
        if ((worker ?? programs) is not null)
            await Programs.RunAsync("chmod", "-R", "a+rwX", program.Folder, Path.GetDirectoryName(store.ConnectionString["Data Source=".Length..])!);
        using var bystander = await StartBystanderAsync(secret, worker, namespaces);
        try
        {
            var settings = Settings(store, redis, model, program, secret);
            if (programs is not null)
                settings["PROGRAMS_USER"] = $"{programs}:{await Programs.GroupOfAsync(programs)}";
            if (!namespaces)
                settings["PATH"] = PathWithoutUnshare(program.Folder);
            await using var service = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], settings, worker);
            using var own = JsonDocument.Parse((await RunAsync(store.Store, "snoops", secret)).Output!);
            AssertNothingFound(own.RootElement);

            model.Then(ModelScripts.Calls(("1", "post__snoop", $$"""{"text":"{{secret}}"}""")), ModelScripts.Says("ok"));
            await RunAsync(store.Store, "asks", "look");
            var told = model.Requests.Last().Body.GetProperty("messages").EnumerateArray().Last().GetProperty("content");
            using var server = JsonDocument.Parse(told.ValueKind == JsonValueKind.String ? told.GetString()! : told[0].GetProperty("text").GetString()!);
            AssertNothingFound(server.RootElement);

            void AssertNothingFound(JsonElement answer)
            {
                Assert.Equal(service.Id, answer.GetProperty("parent").GetInt32());
                Assert.Equal("[]", answer.GetProperty("found").GetRawText());
                Assert.Equal((worker ?? programs) is not null ? 65534 : answer.GetProperty("uid").GetInt32(), answer.GetProperty("uid").GetInt32());
                Assert.True(answer.GetProperty("wrote").GetBoolean());
            }
        }
        finally
        {
            bystander?.Kill();
        }
    }

    // Another process of the worker's user, with the same secret; null where that cannot be hidden: without root's capabilities to take
    // and without user namespaces.
    private static async Task<Process?> StartBystanderAsync(string secret, string? user, bool namespaces)
    {
        if (!namespaces && (user is not null || !Programs.IsRoot))
            return null;
        string[] asUser = user is null ? [] : ["setpriv", "--reuid", user, "--regid", await Programs.GroupOfAsync(user), "--clear-groups"];
        try
        {
            string[] probe = [.. asUser, "unshare", "--user", "--map-current-user", "true"];
            await Programs.RunAsync(probe[0], probe[1..]);
        }
        catch (InvalidOperationException) when (user is not null || !Programs.IsRoot)
        {
            return null;
        }

        string[] sleep = [.. asUser, "sleep", "600"];
        var start = new ProcessStartInfo(sleep[0], sleep[1..]) { UseShellExecute = false };
        start.Environment["OPENAI_API_KEY"] = secret;
        return Process.Start(start)!;
    }

    private static string PathWithoutUnshare(string folder)
    {
        var bin = Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName;
        foreach (var name in (string[])["dotnet", "setpriv", "true"])
            File.CreateSymbolicLink(Path.Combine(bin, name), Programs.Need(name, name));
        return bin;
    }

    private static Dictionary<string, string> Settings(TestStore store, RedisServer redis, ScriptedModelServer model, McpProgram program, string secret) => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings__osmen"] = store.ConnectionString,
        ["ConnectionStrings__redis"] = redis.ConnectionString,
        ["METRICS_SCRAPE_TOKEN"] = secret,
        ["CATALOG_PATH"] = program.Folder,
        ["OPENAI_BASE_URL"] = new Uri(model.Address, "/v1").ToString(),
        ["OPENAI_API_KEY"] = secret,
        ["Executions__PollInterval"] = "00:00:00.050",
        ["HOME"] = program.Folder,
    };

    private static async Task<Execution> RunAsync(IExecutionStore store, string agent, string input)
    {
        var id = Guid.CreateVersion7();
        await store.AcceptAsync(
            [new NewExecution { Id = id, Kind = ExecutionKind.Agent, Target = agent, User = "ann", Input = JsonSerializer.Serialize(input), CreatedAt = TimeProvider.System.GetUtcNow() }], Token);
        Execution? found = null;
        await Programs.UntilAsync(async () => (found = await store.GetAsync(id, Token))!.Status.IsFinal(), "the execution ends");
        Assert.Equal((ExecutionStatus.Completed, null), (found!.Status, found.Error?.Message));
        return found;
    }
}
