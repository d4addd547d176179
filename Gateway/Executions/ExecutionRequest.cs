using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Executions;

/// <summary>The body that starts an execution.</summary>
/// <param name="Input">An object or a text: what the agent gets.</param>
/// <param name="Priority">0 to 9, 9 first; 5 unless said.</param>
/// <param name="IdempotencyKey">The same as the header Idempotency-Key.</param>
/// <param name="RunAt">Not before this; ISO 8601 with an offset.</param>
/// <param name="Timeout">Of one attempt: 1s to 24h.</param>
/// <param name="MaxAttempts">1 to 20.</param>
/// <param name="BudgetUsd">Most dollars that it may spend.</param>
/// <param name="Metadata">An object of your own, shown with the execution.</param>
internal sealed record ExecutionRequest(
    RawJson Input,
    int? Priority = null,
    string? IdempotencyKey = null,
    DateTimeOffset? RunAt = null,
    string? Timeout = null,
    int? MaxAttempts = null,
    decimal? BudgetUsd = null,
    RawJson? Metadata = null)
{
    private const int MaxMetadata = 16 * 1024;

    [JsonIgnore]
    public TimeSpan? TimeoutSpan => DurationText.TryParse(Timeout, out var span) ? span : null;

    /// <summary>Tells a repeated request from another one under the same key.</summary>
    public byte[] Hash(string target)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{target}\n{Input.Text}\n{Priority}\n{RunAt:O}\n{Timeout}\n{MaxAttempts}\n{BudgetUsd}\n{Metadata?.Text}");
        return SHA256.HashData(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The request, or each field's error.</summary>
    public static (ExecutionRequest? Request, IReadOnlyList<FieldError> Errors) Read(JsonElement body)
    {
        var errors = new List<FieldError>();
        try
        {
            var fields = new JsonFields(body, "", errors);
            var request = Read(fields, errors);
            fields.RefuseOthers();
            return errors.Count == 0 ? (request, errors) : (null, errors);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair in a key.
            return (null, [new FieldError("", "must be valid Unicode")]);
        }
    }

    private static ExecutionRequest Read(JsonFields fields, List<FieldError> errors)
    {
        void Check(bool good, string field, string message)
        {
            if (!good && !errors.Exists(e => e.Field == field))
                errors.Add(new FieldError(field, message));
        }

        var input = fields.Take("input");
        Check(input.ValueKind is JsonValueKind.Object or JsonValueKind.String, "input", "is required: an object or a text");
        Check(JsonFields.IsUnicode(input), "input", "must be valid Unicode");
        var metadata = fields.Take("metadata");
        Check(metadata.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.Object, "metadata", "must be an object");
        Check(JsonFields.IsUnicode(metadata), "metadata", "must be valid Unicode");
        var priority = fields.Integer("priority", int.MaxValue);
        Check(priority is null or (>= 0 and <= 9), "priority", "must be 0 to 9");
        var attempts = fields.Integer("max_attempts", int.MaxValue);
        Check(attempts is null or (>= 1 and <= 20), "max_attempts", "must be 1 to 20");
        var timeout = fields.Duration("timeout");
        Check(timeout is null || (timeout >= TimeSpan.FromSeconds(1) && timeout <= TimeSpan.FromHours(24)), "timeout", "must be 1s to 24h");
        var key = fields.Text("idempotency_key");
        Check(key is null || IsKey(key), "idempotency_key", "must be 1 to 200 printable ASCII characters");
        var runAt = fields.Take("run_at");
        DateTimeOffset at = default;
        Check(
            IsAbsent(runAt) || (runAt.ValueKind == JsonValueKind.String && HasOffset(runAt) && runAt.TryGetDateTimeOffset(out at)),
            "run_at", "must be a time with its offset, such as 2030-01-31T08:00:00Z");
        var budget = fields.Take("budget_usd");
        decimal dollars = 0;
        Check(
            IsAbsent(budget) || (budget.ValueKind == JsonValueKind.Number && budget.TryGetDecimal(out dollars) && dollars is > 0 and <= 1_000_000 && decimal.Round(dollars, 9) == dollars),
            "budget_usd", "must be dollars over 0, at most 1000000, with at most 9 places");
        var metadataText = metadata.ValueKind == JsonValueKind.Object ? metadata.GetRawText() : null;
        Check(metadataText is null || metadataText.Length <= MaxMetadata, "metadata", $"must be at most {MaxMetadata} characters");
        return new ExecutionRequest(
            new RawJson(input.ValueKind == JsonValueKind.Undefined ? "null" : input.GetRawText()),
            (int?)priority,
            key,
            IsAbsent(runAt) ? null : at,
            timeout is { } t ? DurationText.Format(t) : null,
            (int?)attempts,
            IsAbsent(budget) ? null : dollars,
            RawJson.From(metadataText));
    }

    /// <summary>Printable, so that it can be a header as well.</summary>
    public static bool IsKey(string key) => key.Length is >= 1 and <= 200 && key.All(c => c is > ' ' and < '\x7f');

    private static bool IsAbsent(JsonElement value) => value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    private static bool HasOffset(JsonElement value) =>
        value.GetRawText().TrimEnd('"') is { Length: > 6 } text && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-');
}
