using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Tools.Memory;

/// <summary>Keeps notes of an agent for the user that it runs for. The same note again changes nothing, so a call can be repeated.</summary>
internal sealed class Remember(AgentMemory memory) : IBuiltInTool
{
    public string Name => BuiltInTools.Remember;

    public AIFunction For(AgentRun run) => ToolFunctions.Create(
        [Description("Keeps a note for later conversations with this user. A note of the same name is replaced.")]
        async (
            [Description("What to remember: whole sentences, at most 4000 characters.")] string content,
            [Description("A short name, such as preferred_language; left out, the note stands by itself.")] string? name = null,
            CancellationToken cancellationToken = default) =>
        {
            var key = string.IsNullOrWhiteSpace(name) ? "note-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..16] : name.Trim();
            await memory.WriteAsync(run.Agent.Id, run.Execution.User, AgentInput.Whole(key), AgentInput.Whole(content).Replace('\0', ' '), cancellationToken);
            return $"Remembered as {key}.";
        },
        Name,
        repeatable: true);
}

/// <summary>Finds those notes again: by the words that they share with a query, the newest first among equals.</summary>
internal sealed class Recall(AgentMemory memory) : IBuiltInTool
{
    private const int MaxFound = 20;

    public string Name => BuiltInTools.Recall;

    public AIFunction For(AgentRun run) => ToolFunctions.Create(
        [Description("Finds what was remembered in earlier conversations with this user.")]
        async (
            [Description("Words to look for; left out, the newest notes.")] string? query = null,
            CancellationToken cancellationToken = default) =>
        {
            var entries = await memory.ReadAsync(run.Agent.Id, run.Execution.User, cancellationToken);
            var words = (query ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.OrdinalIgnoreCase).Take(20).ToArray();
            var found = words.Length == 0
                ? entries
                : entries.Select(e => (Entry: e, Hits: words.Count(w => Has(e, w)))).Where(e => e.Hits > 0).OrderByDescending(e => e.Hits).Select(e => e.Entry);
            var lines = found.Take(MaxFound).Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.UpdatedAt:yyyy-MM-dd} {e.Name}: {e.Content}")).ToArray();
            return lines.Length == 0 ? "Nothing is remembered." : string.Join('\n', lines);
        },
        Name,
        repeatable: true);

    private static bool Has(MemoryEntry entry, string word) =>
        entry.Content.Contains(word, StringComparison.OrdinalIgnoreCase) || entry.Name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
