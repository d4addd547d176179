using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts;

/// <summary>A rule in force.</summary>
/// <param name="Definition">As it was written, in JSON.</param>
/// <param name="ChangedBy">Who put it by the API, or switched the file's; null for one of the file as it is there.</param>
/// <param name="IsOfFile">It is the file's, and changes with it, but for whether it is on.</param>
internal sealed record RuleEntry(AlertRule Rule, string Definition, string? ChangedBy, bool IsOfFile);

/// <summary>The rules in force: those of the file, and over them those put or deleted by the API, on this gateway or another.</summary>
internal sealed partial class RuleBook(AlertFileSource source, RuleTable table, TimeProvider time, ILogger<RuleBook> logger)
{
    private const int MaxRules = 1000;

    private readonly SemaphoreSlim _refreshing = new(1);
    private AlertFile? _file;
    private (long Count, long Latest) _version = (-1, 0);
    private IReadOnlyList<RuleEntry> _entries = [];

    /// <summary>Those that are on, by name. The list is the same object as long as nothing changes.</summary>
    public IReadOnlyList<AlertRule> Rules { get; private set; } = [];

    /// <summary>All, also those that are off.</summary>
    public IReadOnlyList<RuleEntry> Entries => _entries;

    public RuleEntry? Find(string name) => _entries.FirstOrDefault(e => e.Rule.Name == name);

    /// <summary>Why alerts of a rule are over that are no longer found: one of <see cref="AlertResolution"/>.</summary>
    public string WhyOver(string name) => Find(name) switch
    {
        null => AlertResolution.RuleRemoved,
        { Rule.Enabled: false } => AlertResolution.RuleOff,
        _ => AlertResolution.Ended,
    };

    /// <summary>Reads file and table anew if they have changed.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            var file = source.Current();
            var version = await table.ReadVersionAsync(cancellationToken);
            if (ReferenceEquals(file, _file) && version == _version) return;
            var entries = file.Rules.ToDictionary(r => r.Name, r => new RuleEntry(r, file.Definitions[r.Name], null, IsOfFile: true), StringComparer.Ordinal);
            foreach (var stored in await table.ReadAllAsync(cancellationToken))
            {
                entries.Remove(stored.Name, out var ofFile);
                if (stored.Definition is null) continue;
                using var json = JsonDocument.Parse(stored.Definition);
                if (Switch(json.RootElement) is { } enabled)
                {
                    // The file's, on or off; nothing where the file has it no more.
                    if (ofFile is not null)
                        entries[stored.Name] = ofFile with { Rule = ofFile.Rule with { Enabled = enabled }, Definition = Switched(ofFile.Definition, enabled), ChangedBy = stored.UpdatedBy };
                    continue;
                }
                List<FieldError> errors = [];
                if (Read(file, json.RootElement, errors) is { } rule && errors.Count == 0) entries[stored.Name] = new(rule, stored.Definition, stored.UpdatedBy, IsOfFile: false);
                else LogRefused(logger, stored.Name, errors.Count > 0 ? $"{errors[0].Field} {errors[0].Message}" : "");
            }
            (_file, _version) = (file, version);
            _entries = [.. entries.Values.OrderBy(e => e.Rule.Name, StringComparer.Ordinal)];
            Rules = [.. _entries.Select(e => e.Rule).Where(r => r.Enabled)];
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>
    /// Adds or replaces a rule, or switches one on or off where <c>enabled</c> is all that is given; returns what is wrong with it instead where
    /// something is.
    /// </summary>
    public async Task<IReadOnlyList<FieldError>> PutAsync(string name, JsonElement definition, string by, CancellationToken cancellationToken)
    {
        List<FieldError> errors = [];
        if (Switch(definition) is { } enabled && Find(name) is { } entry)
        {
            await WriteAsync(name, entry.IsOfFile ? definition.GetRawText() : Switched(entry.Definition, enabled), by, cancellationToken);
            return errors;
        }
        if (definition.ValueKind == JsonValueKind.Object && !definition.TryGetProperty("name", out _))
        {
            var rest = definition.GetRawText().AsSpan().Trim()[1..].TrimStart();
            using var named = JsonDocument.Parse($"{{\"name\":{JsonSerializer.Serialize(name, AlertJsonContext.Default.String)}{(rest is "}" ? "" : ",")}{rest}");
            return await PutAsync(name, named.RootElement, by, cancellationToken);
        }
        var rule = Read(source.Current(), definition, errors);
        if (rule is not null && rule.Name != name) errors.Add(new("name", "differs from the one in the address"));
        if (errors.Count == 0 && Find(name) is null && _entries.Count >= MaxRules) errors.Add(new("name", $"would be one rule more than {MaxRules}"));
        if (errors.Count == 0) await WriteAsync(name, definition.GetRawText(), by, cancellationToken);
        return errors;
    }

    /// <summary>Removes a rule; one of the file is hidden until it is put again. False where there is none.</summary>
    public async Task<bool> DeleteAsync(string name, string by, CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        if (Find(name) is null) return false;
        await WriteAsync(name, null, by, cancellationToken);
        return true;
    }

    private static AlertRule? Read(AlertFile file, JsonElement definition, List<FieldError> errors) => new AlertRuleReader(file.Metrics, file.Runbook, errors).Read(definition, "");

    // What "enabled" says, where that is all there is.
    private static bool? Switch(JsonElement definition) =>
        definition.ValueKind == JsonValueKind.Object && definition.EnumerateObject().ToArray() is [{ Name: "enabled", Value.ValueKind: JsonValueKind.True or JsonValueKind.False } only]
            ? only.Value.GetBoolean()
            : null;

    private static string Switched(string definition, bool enabled)
    {
        var json = JsonNode.Parse(definition)!;
        json["enabled"] = enabled;
        return json.ToJsonString();
    }

    private async Task WriteAsync(string name, string? definition, string by, CancellationToken cancellationToken)
    {
        // Later than whatever is there, also when this clock is behind: readers notice changes by the latest time.
        var (_, latest) = await table.ReadVersionAsync(cancellationToken);
        var at = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), latest + 1));
        await table.WriteAsync(new(name, definition, at, by), cancellationToken);
        await RefreshAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Alert rule {Name} of the database cannot be used: {Reason}")]
    private static partial void LogRefused(ILogger logger, string name, string reason);
}
