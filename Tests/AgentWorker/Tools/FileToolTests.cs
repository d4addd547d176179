using OsMEN.AgentWorker.Tools;
using OsMEN.AgentWorker.Tools.Files;

namespace OsMEN.Tests.AgentWorker.Tools;

/// <summary>Files inside the configured folder, and none outside.</summary>
public sealed class FileToolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("osmen-files-").FullName;
    private readonly FileRoot _root;

    public FileToolTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "shared", "notes"));
        File.WriteAllText(Path.Combine(_folder, "secret.txt"), "secret");
        File.WriteAllText(Path.Combine(_folder, "shared", "notes", "plan.md"), "one\ntwo Ana\nthree\n");
        File.WriteAllText(Path.Combine(_folder, "shared", "other.txt"), "ana\n");
        File.WriteAllBytes(Path.Combine(_folder, "shared", "image.bin"), [1, 0, 2]);
        _root = new FileRoot(new ToolOptions { FilesRoot = Path.Combine(_folder, "shared") });
    }

    private ReadFile Read => new(_root);

    private SearchFiles Search => new(_root, TimeProvider.System);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_read_by_lines()
    {
        Assert.Equal("one\ntwo Ana\nthree\n\n", Read.Read("notes/plan.md"));
        Assert.Equal("two Ana\n\n(lines 2 to 2 of 4; go on with from=3)", Read.Read("notes/plan.md", 2, 1));
        Assert.Equal("one\ntwo Ana\nthree\n\n", Read.Read("./notes/../notes/plan.md"));
    }

    [Theory]
    [InlineData("../secret.txt")]
    [InlineData("notes/../../secret.txt")]
    [InlineData("..\\secret.txt")]
    [InlineData("/etc/passwd")]
    [InlineData("link.txt")]
    [InlineData("up/secret.txt")]
    [InlineData("nothing.txt")]
    [InlineData("no\0thing")]
    public void What_is_not_inside_is_not_there(string path)
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "shared", "link.txt"), Path.Combine(_folder, "secret.txt"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "shared", "up"), _folder);
        Assert.Equal($"There is no '{path}' in the folder.", Assert.Throws<ToolFailedException>(() => Read.Read(path)).Message);
        Assert.DoesNotContain("secret", Search.Search(text: "secret", cancellationToken: TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public void Binary_large_and_missing_ones_are_refused()
    {
        Assert.StartsWith("'image.bin' cannot be read: it is not UTF-8 text", Assert.Throws<ToolFailedException>(() => Read.Read("image.bin")).Message, StringComparison.Ordinal);
        File.WriteAllBytes(Path.Combine(_folder, "shared", "large.txt"), new byte[FileRoot.MaxFile + 1]);
        Assert.StartsWith("'large.txt' cannot be read", Assert.Throws<ToolFailedException>(() => Read.Read("large.txt")).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<ToolFailedException>(() => Read.Read("notes")).Message, StringComparison.Ordinal);
        var none = new ReadFile(new FileRoot(new ToolOptions()));
        Assert.Contains("TOOLS_FILES_ROOT", Assert.Throws<ToolFailedException>(() => none.Read("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_are_found_by_name_and_by_text()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.Equal(["notes/plan.md:2: two Ana", "other.txt:1: ana"], Lines(Search.Search(text: "ana", cancellationToken: token)));
        Assert.Equal(["notes/plan.md"], Lines(Search.Search(pattern: "*.md", cancellationToken: token)));
        Assert.Equal(["notes/plan.md:2: two Ana"], Lines(Search.Search("ANA", folder: "notes", cancellationToken: token)));
        Assert.Equal("Nothing was found.", Search.Search("nowhere", cancellationToken: token));
        Assert.Throws<ToolFailedException>(() => Search.Search(folder: "..", cancellationToken: token));
    }

    private static string[] Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
}
