using System.Runtime.CompilerServices;
using OsMEN.Gateway.Generation;

namespace OsMEN.Tests.Gateway.Generation;

public sealed class GeneratedFileTests
{
    [Fact]
    public void Every_generated_file_is_current()
    {
        using var errors = new StringWriter();
        var exit = GeneratedFiles.Run(["--check"], Path.GetDirectoryName(ThisFile())!, TextWriter.Null, errors);
        Assert.Equal(("", 0), (errors.ToString(), exit));
    }

    [Fact]
    public void A_file_that_is_not_current_is_named_and_then_written()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-generated-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "Directory.Packages.props"), "");
            CopySources(folder.FullName);
            using var errors = new StringWriter();
            Assert.Equal(1, GeneratedFiles.Run(["--check"], folder.FullName, TextWriter.Null, errors));
            Assert.Contains("docs/metrics.md is not current: dotnet run --project Gateway -- generate", errors.ToString(), StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder.FullName, "docs", "metrics.md")));

            Assert.Equal(0, GeneratedFiles.Run([], folder.FullName, TextWriter.Null, errors));
            Assert.Equal(0, GeneratedFiles.Run(["--check"], folder.FullName, TextWriter.Null, errors));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("--chek")]
    [InlineData("--check --check")]
    public void An_unknown_argument_is_refused(string arguments)
    {
        using var errors = new StringWriter();
        Assert.Equal(2, GeneratedFiles.Run(arguments.Split(' '), Path.GetDirectoryName(ThisFile())!, TextWriter.Null, errors));
        Assert.Equal($"generate takes --check or nothing, not: {arguments}{Environment.NewLine}", errors.ToString());
    }

    // What the generated files are made from, where that is a file.
    private static void CopySources(string root)
    {
        var monitoring = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "monitoring"));
        foreach (var file in Directory.EnumerateFiles(monitoring, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(root, "monitoring", Path.GetRelativePath(monitoring, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
