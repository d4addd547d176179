using System.Text;
using FsCheck.Fluent;
using OsMEN.Executions.Catalog;

namespace OsMEN.Tests.Catalog;

/// <summary>What is wrong with a file is said with its path, line and reason; the rest of the folder loads.</summary>
public sealed class CatalogFileTests : IDisposable
{
    private const string Good = """
        description: Says it shorter
        instructions: Say it shorter.
        tools: [current_time]
        limits:
          timeout: 30s
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("osmen-catalog-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_an_agent_of_its_name()
    {
        Write("shorter.yaml", Good);
        var files = CatalogFiles<AgentDefinition>.Read(_folder, AgentJson.ReadFile);
        Assert.Empty(files.Problems);
        var agent = Assert.Single(files.Definitions).Value;
        Assert.Equal(("shorter", "Says it shorter", AgentType.Llm, TimeSpan.FromSeconds(30)), (agent.Id, agent.Description, agent.Type, agent.Limits.Timeout));
    }

    [Theory]
    [InlineData("description: d\ninstructions: \"open\nmore", 2, "")]
    [InlineData("description: d\ninstructions: i\nlimits:\n  timeout: tomorrow", 4, "limits.timeout")]
    [InlineData("description: d\ninstructions: i\nlimits:\n  max_attempts: many", 4, "limits.max_attempts")]
    [InlineData("description: d\ninstructions: i\n\ninstrucshuns: i", 4, "instrucshuns")]
    [InlineData("description: d\ninstructions: i\ntools:\n  - current_time\n  - rm_rf", 5, "tools[1]")]
    [InlineData("description: d", 1, "instructions is required")]
    [InlineData("description: d\ninstructions: i\ninstructions: j", 3, "key instructions is there twice")]
    [InlineData("description: &a d\ninstructions: *a", 1, "anchors and tags")]
    [InlineData("description: d\ninstructions: i\nmodel: gpt", 3, "model must be platform/model")]
    [InlineData("description: d\ntype: process\ncommand: []", 3, "command is required")]
    [InlineData("description: d\ntype: robot", 2, "type")]
    [InlineData("description: d\ninstructions: i\nid: ../up", 3, "id must be")]
    [InlineData("description: d\ninstructions: i\n---\nid: second", 3, "more than one document")]
    [InlineData("- description: d", 1, "")]
    [InlineData("", 1, "")]
    public void A_broken_file_is_refused_with_its_line_and_reason_and_the_rest_loads(string text, int line, string reason)
    {
        Write("broken.yaml", text);
        Write("good.yaml", Good);
        var files = CatalogFiles<AgentDefinition>.Read(_folder, AgentJson.ReadFile);
        Assert.Equal(["good"], files.Definitions.Keys);
        var problem = files.Problems[0];
        Assert.Equal((Path.Combine(_folder, "broken.yaml"), line), (problem.Path, problem.Line));
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
        Assert.StartsWith($"{problem.Path}:{line}: ", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_no_text_too_large_or_name_a_taken_id_are_refused()
    {
        File.WriteAllBytes(Path.Combine(_folder, "binary.yaml"), [0xff, 0xfe, 0x00, 0xc0]);
        Write("huge.yaml", "description: " + new string('x', 300_000));
        Write("a.yaml", Good);
        Write("b.yaml", Good + "\nid: a");
        var files = CatalogFiles<AgentDefinition>.Read(_folder, AgentJson.ReadFile);
        Assert.Equal(["a"], files.Definitions.Keys);
        Assert.Equal(
            [("b.yaml", $"id a is taken by another file in {_folder}"), ("binary.yaml", "is not UTF-8 text"), ("huge.yaml", "is over 256 KB")],
            files.Problems.Select(p => (Path.GetFileName(p.Path), p.Reason)));
    }

    [Fact]
    public void A_missing_folder_is_a_problem_not_an_error()
    {
        var files = CatalogFiles<AgentDefinition>.Read(Path.Combine(_folder, "nowhere"), AgentJson.ReadFile);
        Assert.Empty(files.Definitions);
        Assert.StartsWith("cannot be read: ", Assert.Single(files.Problems).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_a_file_holds_it_is_an_agent_or_a_problem()
    {
        var pieces = Gen.Elements("description", "instructions", "limits", "tools", "timeout", ": ", ":", "\n", "\n  ", "- ", "[", "]", "{", "}", "\"", "'", "|", ">", "#", "&a", "*a", "!!x", "---", "...", "\t", "\0", "é", "🌍", "1e999", "~", "%TAG");
        var text = Gen.Choose(0, 30).SelectMany(n => Gen.ArrayOf(pieces, n)).Select(p => string.Concat(p));
        foreach (var t in text.Sample(2000, 30))
        {
            var (definition, problems) = CatalogFile.Read("any.yaml", t, AgentJson.ReadFile);
            Assert.True(definition is null == problems.Count > 0, t);
        }

        foreach (var bytes in ArbMap.Default.GeneratorFor<byte[]>().Sample(500, 100))
        {
            var (definition, problems) = CatalogFile.Read("any.yaml", Encoding.Latin1.GetString(bytes), AgentJson.ReadFile);
            Assert.True(definition is null == problems.Count > 0, Convert.ToHexString(bytes));
        }
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
