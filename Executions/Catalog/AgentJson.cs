using System.Text.Json;

namespace OsMEN.Executions.Catalog;

/// <summary>A definition, or what is wrong with the text it was to come from.</summary>
public sealed record AgentReadResult(AgentDefinition? Definition, IReadOnlyList<FieldError> Errors);

/// <summary>
/// An agent as JSON: the form of the API's bodies, of the <c>agents</c> table, and, key by key, of the YAML files.
/// Reading is strict: unknown keys, wrong types and values out of range are errors.
/// </summary>
public static class AgentJson
{
    /// <summary>Reads and validates. Null as a value counts as absent.</summary>
    /// <param name="root">An object.</param>
    /// <param name="id">Taken when the object has no <c>id</c>.</param>
    /// <param name="folder">Folder of the file; null when it came by the API.</param>
    public static AgentReadResult Read(JsonElement root, string? id = null, string? folder = null)
    {
        try
        {
            return ReadFields(root, id, folder);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Half of a surrogate pair in a key or in the example: valid JSON, but no Unicode.
            return new(null, [new("", "must be valid Unicode")]);
        }
    }

    /// <summary>Reads what a file of the catalog holds.</summary>
    internal static (AgentDefinition? Definition, IReadOnlyList<FieldError> Errors) ReadFile(JsonElement root, string id, string folder)
    {
        var read = Read(root, id, folder);
        return (read.Definition, read.Errors);
    }

    /// <summary>Reads a JSON text; one that is no JSON is an error of the empty field.</summary>
    public static AgentReadResult Read(string json, string? id = null, string? folder = null)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement, id, folder);
        }
        catch (JsonException e)
        {
            return new(null, [new("", $"is not JSON: {e.Message}")]);
        }
    }

    /// <summary>The definition as one JSON object, without what is not set; the folder is left out.</summary>
    public static string Write(AgentDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, definition);
        }
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <inheritdoc cref="Write(AgentDefinition)"/>
    public static void Write(Utf8JsonWriter writer, AgentDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(definition);
        writer.WriteStartObject();
        writer.WriteString("id", definition.Id);
        writer.WriteString("description", definition.Description);
        writer.WriteString("type", JsonFields.WireName(definition.Type));
        WriteText(writer, "instructions", definition.Instructions);
        WriteText(writer, "model", definition.Model);
        WriteTexts(writer, "fallback", definition.Fallback);
        if (definition.Cache is { } cache)
        {
            writer.WriteStartObject("cache");
            writer.WriteString("ttl", DurationText.Format(cache.TimeToLive));
            writer.WriteBoolean("shared", cache.Shared);
            writer.WriteEndObject();
        }
        if (definition.Temperature is { } temperature)
        {
            writer.WriteNumber("temperature", temperature);
        }
        WriteRaw(writer, "model_options", definition.ModelOptions);
        WriteTexts(writer, "tools", definition.Tools);
        McpJson.Write(writer, definition.Mcp);
        WriteTexts(writer, "command", definition.Command);
        WriteText(writer, "image", definition.Image);
        if (definition.Type == AgentType.Container)
        {
            writer.WriteStartObject("resources");
            writer.WriteNumber("memory_mb", definition.Resources.MemoryMb);
            writer.WriteNumber("cpus", definition.Resources.Cpus);
            writer.WriteNumber("processes", definition.Resources.Processes);
            writer.WriteBoolean("network", definition.Resources.Network);
            writer.WriteEndObject();
        }
        WriteTexts(writer, "environment", definition.Environment);
        writer.WriteStartObject("limits");
        writer.WriteString("timeout", DurationText.Format(definition.Limits.Timeout));
        writer.WriteNumber("max_attempts", definition.Limits.MaxAttempts);
        writer.WriteNumber("max_rounds", definition.Limits.MaxRounds);
        writer.WriteNumber("max_tokens", definition.Limits.MaxTokens);
        if (definition.Limits.MaxOutputTokens is { } most)
        {
            writer.WriteNumber("max_output_tokens", most);
        }
        writer.WriteEndObject();
        if (definition.PriceUsd is { } price)
        {
            writer.WriteNumber("price_usd", price);
        }
        WriteRaw(writer, "example", definition.Example);
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteRaw(Utf8JsonWriter writer, string name, string? json)
    {
        if (json is not null)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(json);
        }
    }

    internal static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }

    private static AgentReadResult ReadFields(JsonElement root, string? id, string? folder)
    {
        var errors = new List<FieldError>();
        var reader = new JsonFields(root, "", errors);
        var limits = new JsonFields(reader.Take("limits"), "limits.", errors);
        var cached = reader.Take("cache");
        var cache = new JsonFields(cached, "cache.", errors);
        var defaults = new AgentLimits();
        var used = reader.Take("resources");
        var resources = new JsonFields(used, "resources.", errors);
        var modest = new ContainerResources();
        var definition = new AgentDefinition
        {
            Id = reader.Text("id") ?? id ?? "",
            Description = reader.Text("description") ?? "",
            Type = reader.Choice("type", AgentType.Llm),
            Instructions = reader.Text("instructions"),
            Model = reader.Text("model"),
            Fallback = reader.Texts("fallback"),
            Cache = cached.ValueKind == JsonValueKind.Object ? new AgentCache(cache.Duration("ttl") ?? TimeSpan.Zero, cache.Flag("shared") ?? false) : null,
            Temperature = reader.Number("temperature"),
            ModelOptions = reader.Json("model_options"),
            Tools = reader.Texts("tools"),
            Mcp = McpJson.Read(reader.Take("mcp"), errors),
            Command = reader.Texts("command"),
            Image = reader.Text("image"),
            Resources = new ContainerResources
            {
                MemoryMb = (int?)resources.Integer("memory_mb", int.MaxValue) ?? modest.MemoryMb,
                Cpus = resources.Number("cpus") ?? modest.Cpus,
                Processes = (int?)resources.Integer("processes", int.MaxValue) ?? modest.Processes,
                Network = resources.Flag("network") ?? modest.Network,
            },
            Environment = reader.Texts("environment"),
            PriceUsd = reader.Money("price_usd"),
            Example = reader.Json("example"),
            Folder = folder,
            Limits = new AgentLimits
            {
                Timeout = limits.Duration("timeout") ?? defaults.Timeout,
                MaxAttempts = (int?)limits.Integer("max_attempts", int.MaxValue) ?? defaults.MaxAttempts,
                MaxRounds = (int?)limits.Integer("max_rounds", int.MaxValue) ?? defaults.MaxRounds,
                MaxTokens = limits.Integer("max_tokens", long.MaxValue) ?? defaults.MaxTokens,
                MaxOutputTokens = (int?)limits.Integer("max_output_tokens", int.MaxValue),
            },
        };
        reader.RefuseOthers();
        limits.RefuseOthers();
        cache.RefuseOthers();
        resources.RefuseOthers();
        if (definition.Type != AgentType.Container && used.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            errors.Add(new("resources", "is for container agents only"));
        }

        // A field of the wrong type reads as absent: it must not be called missing as well.
        var shape = errors.Select(e => e.Field).ToHashSet(StringComparer.Ordinal);
        errors.AddRange(AgentValidation.Validate(definition).Where(e => !shape.Contains(e.Field)));
        return new(errors.Count == 0 ? definition : null, errors);
    }
}
