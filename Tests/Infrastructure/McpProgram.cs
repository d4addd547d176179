namespace OsMEN.Tests.Infrastructure;

/// <summary>An MCP server as a program of Python's, with tools whose effects a test can count. It needs a folder of its own.</summary>
internal sealed class McpProgram : IDisposable
{
    private const string Source = """
        import json, os, sys, time
        here = os.path.dirname(os.path.abspath(__file__))
        def note(name, line):
            with open(os.path.join(here, name), "a") as f:
                f.write(line + "\n")
        note("pids", str(os.getpid()))
        while os.path.exists(os.path.join(here, "start")):
            time.sleep(0.02)
        if os.path.exists(os.path.join(here, "fail")):
            os.remove(os.path.join(here, "fail"))
            sys.exit(1)
        text = {"type": "object", "properties": {"text": {"type": "string"}}}
        tools = [
            {"name": "send", "description": "Sends a text.", "inputSchema": text},
            {"name": "look", "description": "Looks.", "inputSchema": text, "annotations": {"readOnlyHint": True}},
            {"name": "fail", "description": "Fails.", "inputSchema": {"type": "object"}},
            {"name": "hang", "description": "Never answers.", "inputSchema": {"type": "object"}},
            {"name": "env", "description": "Tells a variable.", "inputSchema": text},
            {"name": "snoop", "description": "Looks for a text in other processes.", "inputSchema": text},
            {"name": "hidden", "description": "Not for agents.", "inputSchema": {"type": "object"}},
        ]
        def call(name, arguments):
            if name in ("send", "look"):
                note(name, str(arguments.get("text")))
                if os.path.exists(os.path.join(here, "hold")):
                    time.sleep(600)
                return {"content": [{"type": "text", "text": name + " done"}]}
            if name == "env":
                return {"content": [{"type": "text", "text": os.environ.get(arguments["text"], "nothing")}]}
            if name == "snoop":
                import snoop
                return {"content": [{"type": "text", "text": json.dumps(snoop.look(arguments["text"]))}]}
            if name == "hang":
                time.sleep(600)
            return {"content": [{"type": "text", "text": "it went wrong"}], "isError": True}
        for line in sys.stdin:
            asked = json.loads(line)
            if "id" not in asked:
                continue
            method, params = asked["method"], asked.get("params") or {}
            answer = {"jsonrpc": "2.0", "id": asked["id"]}
            if method == "initialize":
                answer["result"] = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "test", "version": "1"}}
            elif method == "tools/list":
                answer["result"] = {"tools": tools}
            elif method == "tools/call":
                answer["result"] = call(params["name"], params.get("arguments") or {})
            elif method == "ping":
                answer["result"] = {}
            else:
                answer["error"] = {"code": -32601, "message": "Method not found"}
            print(json.dumps(answer), flush=True)
        """;

    private McpProgram(string python) => Python = python;

    public string Python { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("osmen-mcp-").FullName;

    /// <summary>While this is so, "send" and "look" have their effect and then never answer.</summary>
    public bool Hold
    {
        set
        {
            if (value)
                File.WriteAllText(Path.Combine(Folder, "hold"), "");
            else
                File.Delete(Path.Combine(Folder, "hold"));
        }
    }

    /// <summary>While this is so, a start goes on and on.</summary>
    public bool HoldStart
    {
        set
        {
            if (value)
                File.WriteAllText(Path.Combine(Folder, "start"), "");
            else
                File.Delete(Path.Combine(Folder, "start"));
        }
    }

    /// <summary>Makes the next start fail.</summary>
    public void FailNextStart() => File.WriteAllText(Path.Combine(Folder, "fail"), "");

    public static McpProgram Create()
    {
        // The system's, which every user can run; another may be in this user's home.
        const string system = "/usr/bin/python3";
        var program = new McpProgram(File.Exists(system) ? system : Programs.Need("Python", "python3"));
        File.WriteAllText(Path.Combine(program.Folder, "server.py"), Source);
        return program;
    }

    /// <summary>What was noted: "send" and "look" with their texts, "pids" of each start.</summary>
    public string[] Lines(string name)
    {
        var path = Path.Combine(Folder, name);
        return File.Exists(path) ? File.ReadAllLines(path) : [];
    }

    /// <summary>Writes an agent that may use it as server "post" to its folder's "agents".</summary>
    public void WriteAgent(string id, string allow, string more = "")
    {
        Directory.CreateDirectory(Path.Combine(Folder, "agents"));
        File.WriteAllText(
            Path.Combine(Folder, "agents", id + ".yaml"),
            $"""
            description: An agent of a test.
            instructions: Do it.
            model: openai/gpt-5-mini
            mcp:
              - name: post
                command: ["{Python}", "{Path.Combine(Folder, "server.py")}"]
                allow: [{allow}]
            {more}
            """);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
