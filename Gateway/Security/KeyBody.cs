using System.Globalization;
using System.Text.Json;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Security;

/// <summary>Reads the bodies that make and change keys.</summary>
internal static class KeyBody
{
    public static (string Name, string User, KeyChange Change, IReadOnlyList<FieldError> Errors) ReadNew(JsonElement body, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        var fields = new JsonFields(body, "", errors);
        var change = Read(fields, errors, now);
        var user = fields.Text("user") ?? change.Name ?? "";
        fields.RefuseOthers();
        if (change.Name is null)
            errors.Add(new FieldError("name", "is required: 1 to 200 printable characters"));
        if (change.Name is not null && !Users.IsValid(user))
            errors.Add(new FieldError("user", "must be 1 to 200 printable characters"));
        return (change.Name ?? "", user, change, errors);
    }

    public static (KeyChange Change, IReadOnlyList<FieldError> Errors) ReadChange(JsonElement body, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        var fields = new JsonFields(body, "", errors);
        var change = Read(fields, errors, now);
        fields.RefuseOthers();
        if (errors.Count == 0 && change is { Name: null, Role: null, Expires.Changes: false })
            errors.Add(new FieldError("", "must have what is to change: name, role, expires_in or expires_at"));
        return (change, errors);
    }

    private static KeyChange Read(JsonFields fields, List<FieldError> errors, DateTimeOffset now)
    {
        var name = fields.Text("name");
        if (name is not null && !Users.IsValid(name))
            errors.Add(new FieldError("name", "must be 1 to 200 printable characters"));
        Role? role = null;
        if (fields.Text("role") is { } text)
        {
            if (RoleNames.TryParse(text, out var known))
                role = known;
            else
                errors.Add(new FieldError("role", $"must be one of: {string.Join(", ", RoleNames.All)}"));
        }

        return new KeyChange(name, role, Expires(fields, errors, now));
    }

    private static (DateTimeOffset? At, bool Changes) Expires(JsonFields fields, List<FieldError> errors, DateTimeOffset now)
    {
        var duration = fields.Duration("expires_in");
        var at = fields.Take("expires_at");
        if (duration is not null && at.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
            errors.Add(new FieldError("expires_at", "must not be there beside expires_in"));
        if (duration is { } life)
        {
            if (life <= TimeSpan.Zero || life > TimeSpan.FromDays(36600))
                errors.Add(new FieldError("expires_in", "must be over 0"));
            else
                return (now + life, true);
        }
        else if (at.ValueKind == JsonValueKind.Null)
            return (null, true);
        else if (at.ValueKind != JsonValueKind.Undefined)
        {
            if (at.ValueKind == JsonValueKind.String && JsonFields.IsUnicode(at)
                && DateTimeOffset.TryParse(at.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var end) && end > now)
                return (DateTimeOffset.FromUnixTimeMilliseconds(end.ToUnixTimeMilliseconds()), true);
            errors.Add(new FieldError("expires_at", "must be a time to come, such as 2030-01-31T08:00:00Z, or null for never"));
        }

        return (null, false);
    }
}
