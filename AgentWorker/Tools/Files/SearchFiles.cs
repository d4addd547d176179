using System.ComponentModel;
using System.Globalization;
using System.IO.Enumeration;
using System.Text;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Tools.Files;

/// <summary>Finds files of the configured folder by name and by text.</summary>
internal sealed class SearchFiles(FileRoot root, TimeProvider time) : IBuiltInTool
{
    private const int MaxFiles = 20_000;
    private const int MaxFile = 1024 * 1024;
    private const int MaxHits = 100;
    private const int MaxLine = 300;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    private static readonly EnumerationOptions Files = new() { RecurseSubdirectories = true, MaxRecursionDepth = 32, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    public string Name => BuiltInTools.SearchFiles;

    public AIFunction For(AgentRun run) => ToolFunctions.Create(Search, Name, repeatable: true);

    [Description("Finds text files of the shared folder: by name, or lines that contain a text. Answers paths, or path:line: text.")]
    public string Search(
        [Description("Text to look for in lines, whatever its case; left out, only names are matched.")] string? text = null,
        [Description("Pattern of file names such as *.md; all when left out.")] string pattern = "*",
        [Description("Folder to look in, relative to the shared one; all of it when left out.")] string folder = ".",
        CancellationToken cancellationToken = default)
    {
        var start = root.Find(folder);
        if (!Directory.Exists(start))
            throw new ToolFailedException($"'{folder}' is no folder.");
        var began = time.GetTimestamp();
        var hits = new StringBuilder();
        var (found, looked) = (0, 0);
        string? cut = null;
        foreach (var file in Directory.EnumerateFiles(start, "*", Files))
        {
            cancellationToken.ThrowIfCancellationRequested();
            cut = found >= MaxHits ? $"{MaxHits} hits" : looked++ >= MaxFiles ? $"{MaxFiles} files" : time.GetElapsedTime(began) > MaxTime ? "10 seconds" : null;
            if (cut is not null)
                break;
            if (!FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(file.AsSpan())))
                continue;
            var name = Path.GetRelativePath(root.Folder, file);
            if (string.IsNullOrEmpty(text))
            {
                hits.Append(name).Append('\n');
                found++;
            }
            else
                found += SearchIn(file, name, text, hits, MaxHits - found);
        }

        if (found == 0)
            return "Nothing was found.";
        return cut is null ? hits.ToString() : hits.Append(CultureInfo.InvariantCulture, $"(stopped after {cut}: search for something more special)").ToString();
    }

    private int SearchIn(string file, string name, string text, StringBuilder hits, int most)
    {
        var found = 0;
        var number = 0;
        foreach (var line in (root.ReadText(file, MaxFile) ?? "").AsSpan().EnumerateLines())
        {
            number++;
            if (found >= most)
                break;
            if (!line.Contains(text, StringComparison.OrdinalIgnoreCase))
                continue;
            hits.Append(CultureInfo.InvariantCulture, $"{name}:{number}: {line.Trim()[..Math.Min(line.Trim().Length, MaxLine)]}\n");
            found++;
        }

        return found;
    }
}
