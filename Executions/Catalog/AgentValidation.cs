using System.Text.Json;
using System.Text.RegularExpressions;

namespace OsMEN.Executions.Catalog;

/// <summary>What is wrong with one field, such as <c>limits.timeout</c> or <c>tools[1]</c>; an empty name is the whole.</summary>
public sealed record FieldError(string Field, string Message);

/// <summary>The rules that a definition has to keep, the same for files and the API.</summary>
public static partial class AgentValidation
{
    public const int MaxDescription = 500;
    public const int MaxInstructions = 64 * 1024;
    public const int MaxExample = 64 * 1024;
    public const int MaxModelOptions = 16 * 1024;

    // Fields that an agent's file sets with its own keys, and fields that change how an answer is read or billed.
    private static readonly string[] ReservedModelOptions =
    [
        "model", "messages", "system", "tools", "functions", "function_call", "stream", "stream_options", "n", "temperature", "max_tokens", "max_completion_tokens", "store",
    ];

    /// <summary>True for 1 to 64 of <c>a-z 0-9 _ -</c>, the first a letter or digit.</summary>
    public static bool IsId(string? id) => id is not null && IdPattern().IsMatch(id);

    /// <summary>True for the name of an environment variable: letters, digits and _.</summary>
    internal static bool IsVariable(string name) => EnvironmentName().IsMatch(name);

    /// <summary>Everything that is wrong with it; empty when it can be used. A definition without a folder is taken to come from the API.</summary>
    public static IReadOnlyList<FieldError> Validate(AgentDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var errors = new List<FieldError>();
        void Check(bool good, string field, string message)
        {
            if (!good)
            {
                errors.Add(new(field, message));
            }
        }

        var (d, limits) = (definition, definition.Limits);
        Check(IsId(d.Id), "id", "must be 1 to 64 of a-z, 0-9, _ and -, and start with a letter or digit");
        Check(!string.IsNullOrWhiteSpace(d.Description) && d.Description.Length <= MaxDescription, "description", $"is required, at most {MaxDescription} characters");
        Check(d.Instructions is null || d.Instructions.Length <= MaxInstructions, "instructions", $"must be at most {MaxInstructions} characters");
        Check(d.Model is null || ModelPattern().IsMatch(d.Model), "model", "must be platform/model, such as openai/gpt-4o-mini");
        Check(d.Fallback.Count <= 7, "fallback", "must be at most 7 models");
        for (var i = 0; i < d.Fallback.Count; i++)
        {
            Check(ModelPattern().IsMatch(d.Fallback[i]), $"fallback[{i}]", "must be platform/model, such as openai/gpt-4o-mini");
        }
        Check(d.Cache is null || (d.Cache.TimeToLive >= TimeSpan.FromSeconds(1) && d.Cache.TimeToLive <= TimeSpan.FromDays(30)), "cache.ttl", "must be 1s to 720h");
        Check(d.Temperature is null or (>= 0 and <= 2), "temperature", "must be 0 to 2");
        Check(d.PriceUsd is null or (>= 0 and <= 1_000_000), "price_usd", "must be 0 to 1000000 dollars");
        Check(d.Example is null || d.Example.Length <= MaxExample, "example", $"must be at most {MaxExample} characters of JSON");
        for (var i = 0; i < d.Tools.Count; i++)
        {
            Check(BuiltInTools.Names.Contains(d.Tools[i]), $"tools[{i}]", $"is no tool; there are: {string.Join(", ", BuiltInTools.Names)}");
            Check(d.Tools.Take(i).All(t => t != d.Tools[i]), $"tools[{i}]", "is listed twice");
        }
        CheckModelOptions(d, Check);
        CheckProgram(d, Check);
        McpJson.Check(d, Check);

        Check(limits.Timeout >= TimeSpan.FromSeconds(1) && limits.Timeout <= TimeSpan.FromHours(24), "limits.timeout", "must be 1s to 24h");
        Check(limits.MaxAttempts is >= 1 and <= 20, "limits.max_attempts", "must be 1 to 20");
        Check(limits.MaxRounds is >= 1 and <= 100, "limits.max_rounds", "must be 1 to 100");
        Check(limits.MaxTokens is >= 1 and <= 100_000_000, "limits.max_tokens", "must be 1 to 100000000");
        Check(limits.MaxOutputTokens is null or (>= 1 and <= 1_000_000), "limits.max_output_tokens", "must be 1 to 1000000");
        return errors;
    }

    private static void CheckModelOptions(AgentDefinition d, Action<bool, string, string> check)
    {
        if (d.ModelOptions is not { } json)
        {
            return;
        }
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object || json.Length > MaxModelOptions)
        {
            check(false, "model_options", $"must be an object of at most {MaxModelOptions} characters");
            return;
        }
        var names = document.RootElement.EnumerateObject().Select(p => p.Name).ToArray();
        foreach (var name in names.Intersect(ReservedModelOptions, StringComparer.Ordinal))
        {
            check(false, $"model_options.{name}", "cannot be set here: an agent's file has its own key for it, or OsMEN sets it");
        }
        check(names.Distinct(StringComparer.Ordinal).Count() == names.Length, "model_options", "has a field twice");
    }

    private static void CheckProgram(AgentDefinition d, Action<bool, string, string> check)
    {
        var llm = d.Type == AgentType.Llm;
        // Whoever can name a program can run anything on the worker: only who can write its files may.
        check(llm || d.Folder is not null, "type", "must be llm: agents that run programs come from files only");
        check(llm ? !string.IsNullOrWhiteSpace(d.Instructions) : d.Instructions is null, "instructions", llm ? "is required for an llm agent" : "is for llm agents only");
        check(llm || d.Model is null, "model", "is for llm agents only");
        check(llm || d.Fallback.Count == 0, "fallback", "is for llm agents only");
        check(llm || d.Cache is null, "cache", "is for llm agents only");
        check(llm || d.Temperature is null, "temperature", "is for llm agents only");
        check(llm || d.ModelOptions is null, "model_options", "is for llm agents only");
        check(llm || d.Tools.Count == 0, "tools", "is for llm agents only");
        check(!llm || d.Command.Count == 0, "command", "is for process and container agents only");
        check(!llm || d.Environment.Count == 0, "environment", "is for process and container agents only");
        check(d.Type != AgentType.Process || d.Command.Count > 0, "command", "is required for a process agent");
        check(d.Command.Count <= 64, "command", "must be at most 64 items");
        for (var i = 0; i < d.Command.Count; i++)
        {
            var part = d.Command[i];
            check((part.Length > 0 || i > 0) && part.Length <= 4096 && !part.Contains('\0'), $"command[{i}]", "must be text without NUL, at most 4096 characters");
        }
        check(d.Environment.Count <= 64, "environment", "must be at most 64 names");
        for (var i = 0; i < d.Environment.Count; i++)
        {
            check(EnvironmentName().IsMatch(d.Environment[i]), $"environment[{i}]", "must be a variable's name: letters, digits and _");
        }
        check(d.Type == AgentType.Container ? d.Image is not null && ImagePattern().IsMatch(d.Image) : d.Image is null, "image",
            d.Type == AgentType.Container ? "is required for a container agent, such as ghcr.io/team/agent:1.2" : "is for container agents only");
        check(d.Resources.MemoryMb is >= 16 and <= 1_048_576, "resources.memory_mb", "must be 16 to 1048576");
        check(d.Resources.Cpus is >= 0.01 and <= 1024, "resources.cpus", "must be 0.01 to 1024");
        check(d.Resources.Processes is >= 1 and <= 32_768, "resources.processes", "must be 1 to 32768");
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9_-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"^[a-z0-9_-]{1,32}/[^\s\p{C}]{1,200}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ModelPattern();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex EnvironmentName();

    // It must not start with a dash, which the container runtime would take for an option.
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ImagePattern();
}
