using System.Text.Json;
using OsMEN.Executions.Budgets;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;

namespace OsMEN.Gateway.Budgets;

/// <summary>Reads a budget from a body. What the API shows beside it (what is spent …) may be in it and changes nothing.</summary>
internal static class BudgetRequest
{
    private const decimal MaxLimit = 100_000_000;
    private const int MaxAlerts = 10;
    private static readonly decimal[] Alerts = [0.85m, 0.95m];
    private static readonly string[] Shown = ["spent_usd", "reserved_usd", "remaining_usd", "resets_at"];

    public static (BudgetDefinition? Budget, IReadOnlyList<FieldError> Errors) Read(JsonElement body, string id)
    {
        var errors = new List<FieldError>();
        try
        {
            var budget = Read(new JsonFields(body, "", errors), id, errors);
            return errors.Count == 0 ? (budget, errors) : (null, errors);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair in a key.
            return (null, [new FieldError("", "must be valid Unicode")]);
        }
    }

    /// <summary>1 to 64 letters, digits, <c>_</c>, <c>-</c> and <c>.</c>: it is a path's part and a metric's label.</summary>
    public static bool IsId(string id) => id.Length is >= 1 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') && id.Any(char.IsAsciiLetterOrDigit);

    private static BudgetDefinition Read(JsonFields fields, string id, List<FieldError> errors)
    {
        void Check(bool good, string field, string message)
        {
            if (!good && !errors.Exists(e => e.Field == field))
                errors.Add(new FieldError(field, message));
        }

        Check(IsId(id), "id", "must be 1 to 64 letters, digits, _, - and .");
        Check((fields.Text("id") ?? id) == id, "id", "differs from the one in the address");
        var scope = Scope(fields.Take("scope"), errors, Check);
        var name = fields.Text("period");
        Check(BudgetPeriods.TryParse(name, out var period), "period", "is required: day, month or total");
        var zone = fields.Text("time_zone") ?? "UTC";
        Check(zone.Length <= 64 && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _), "time_zone", "must be an IANA time zone that is known here, such as Europe/Berlin");
        var limit = fields.Money("limit_usd");
        Check(limit is >= 0 and <= MaxLimit, "limit_usd", $"is required: dollars from 0 to {MaxLimit:0}, with at most 9 places");
        var alerts = Shares(fields.Take("alert_at"), Check);
        foreach (var shown in Shown)
            fields.Take(shown);
        fields.RefuseOthers();
        return new BudgetDefinition(id, scope, period, zone, limit ?? 0, alerts);
    }

    private static BudgetScope Scope(JsonElement element, List<FieldError> errors, Action<bool, string, string> check)
    {
        var fields = new JsonFields(element, "scope.", errors);
        string? Part(string name)
        {
            var text = fields.Text(name);
            check(text is null or { Length: >= 1 and <= 200 }, "scope." + name, "must be 1 to 200 characters");
            return text;
        }

        var scope = new BudgetScope(Part("agent"), Part("user"), Part("key"), Part("model"), Part("platform"));
        fields.RefuseOthers();
        check(scope.Platform is null || Platforms.All.Contains(scope.Platform, StringComparer.OrdinalIgnoreCase), "scope.platform", $"must be one of: {string.Join(", ", Platforms.All)}");
        return scope;
    }

    private static IReadOnlyList<decimal> Shares(JsonElement element, Action<bool, string, string> check)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return Alerts;
        var shares = new List<decimal>();
        var good = element.ValueKind == JsonValueKind.Array && element.GetArrayLength() <= MaxAlerts;
        if (good)
        {
            foreach (var item in element.EnumerateArray())
            {
                if (good = item.ValueKind == JsonValueKind.Number && item.TryGetDecimal(out var share) && share is > 0 and <= 1 && decimal.Round(share, 4) == share)
                    shares.Add(item.GetDecimal());
                else
                    break;
            }
        }

        check(good, "alert_at", $"must be a list of at most {MaxAlerts} shares over 0 and up to 1, with at most 4 places");
        return [.. shares.Distinct().Order()];
    }
}
