using System.ComponentModel;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Tools.Files;

/// <summary>Reads text files of the configured folder, by lines.</summary>
internal sealed class ReadFile(FileRoot root) : IBuiltInTool
{
    private const int MaxLines = 2000;
    private const int MaxText = 60_000;

    public string Name => BuiltInTools.ReadFile;

    public AIFunction For(AgentRun run) => ToolFunctions.Create(Read, Name, repeatable: true);

    [Description("Reads a text file of the shared folder. Use search_files to find its path.")]
    public string Read(
        [Description("Path relative to the folder, such as notes/2026/plan.md.")] string path,
        [Description("First line to read, from 1; 1 when left out.")] int from = 1,
        [Description("Most lines to read; 2000 when left out, which is the most.")] int lines = MaxLines)
    {
        var full = root.Find(path);
        if (Directory.Exists(full))
            throw new ToolFailedException($"'{path}' is a folder; search_files lists what is in it.");
        if (root.ReadText(full) is not { } text)
            throw new ToolFailedException($"'{path}' cannot be read: it is not UTF-8 text, or larger than {FileRoot.MaxFile / (1024 * 1024)} MB.");
        var all = text.Split('\n');
        var first = Math.Clamp(from, 1, all.Length) - 1;
        var shown = new StringBuilder();
        var at = first;
        for (var end = Math.Min(all.Length, first + Math.Clamp(lines, 1, MaxLines)); at < end && shown.Length + all[at].Length <= MaxText; at++)
            shown.Append(all[at]).Append('\n');
        if (at == first)
            throw new ToolFailedException(string.Create(CultureInfo.InvariantCulture, $"Line {first + 1} of '{path}' is too long to be read."));
        if (at < all.Length)
            shown.Append(CultureInfo.InvariantCulture, $"\n(lines {first + 1} to {at} of {all.Length}; go on with from={at + 1})");
        return shown.ToString();
    }
}
