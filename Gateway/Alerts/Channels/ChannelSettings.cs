using System.Globalization;
using System.Text.Json;
using MimeKit;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.Channels;

internal enum ChannelType
{
    Email,
    Slack,
    Webhook,
    PagerDuty,
    Sms,
    Alertmanager,
}

/// <summary>One channel of the file. Its values may be secrets: they are never shown, and <see cref="ToString"/> has none.</summary>
internal sealed class ChannelSettings
{
    /// <summary>The port on which mail servers expect TLS from the first byte (RFC 8314).</summary>
    public const int ImplicitTlsPort = 465;

    private static readonly Dictionary<ChannelType, string[]> Required = new()
    {
        [ChannelType.Email] = ["host", "from", "to"],
        [ChannelType.Slack] = ["url"],
        [ChannelType.Webhook] = ["url", "secret"],
        [ChannelType.PagerDuty] = ["routing_key"],
        [ChannelType.Sms] = ["account_sid", "auth_token", "from", "to"],
        [ChannelType.Alertmanager] = ["url"],
    };

    private static readonly Dictionary<ChannelType, string[]> Optional = new()
    {
        [ChannelType.Email] = ["port", "username", "password", "tls"],
        [ChannelType.Slack] = [],
        [ChannelType.Webhook] = [],
        [ChannelType.PagerDuty] = ["url"],
        [ChannelType.Sms] = ["url"],
        [ChannelType.Alertmanager] = ["username", "password"],
    };

    private static readonly string[] Placeholders = ["status", "name", "severity", "firing", "resolved", "alerts"];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private ChannelSettings(string name, ChannelType type, IReadOnlyList<string> unset)
    {
        Name = name;
        Type = type;
        Unset = unset;
    }

    public string Name { get; }

    public ChannelType Type { get; }

    /// <summary>Variables of the environment that it needs and that are not set: then it is off.</summary>
    public IReadOnlyList<string> Unset { get; }

    public bool IsOn => Unset.Count == 0;

    /// <summary>How long one delivery may take; 10 s, at most 20 s.</summary>
    public TimeSpan Timeout { get; private set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most deliveries a minute; 60, of text messages 10.</summary>
    public int RateLimit { get; private set; } = 60;

    /// <summary>Whether it may reach addresses of this machine and of private networks; false, but for email and Alertmanager, whose servers often are there.</summary>
    public bool AllowPrivate { get; private set; }

    /// <summary>The notice's title; null is the default one.</summary>
    public string? Title { get; private set; }

    /// <summary>The notice's text; null is the default one.</summary>
    public string? Text { get; private set; }

    /// <summary>A value, empty where it is not set.</summary>
    public string this[string key] => _values.GetValueOrDefault(key, "");

    public static ChannelSettings Read(string name, JsonElement element, IReadOnlyList<string> unset, List<FieldError> errors)
    {
        var prefix = $"channels.{name}.";
        var fields = new JsonFields(element, prefix, errors);
        var type = fields.Text("type");
        var known = Enum.GetValues<ChannelType>().Where(t => JsonFields.WireName(t) == type).ToArray();
        if (known.Length == 0)
        {
            errors.Add(new($"{prefix}type", $"must be one of: {string.Join(", ", Enum.GetValues<ChannelType>().Select(JsonFields.WireName))}"));
            return new(name, ChannelType.Webhook, ["type"]);
        }
        var settings = new ChannelSettings(name, known[0], unset) { RateLimit = known[0] == ChannelType.Sms ? 10 : 60, AllowPrivate = known[0] is ChannelType.Email or ChannelType.Alertmanager };
        foreach (var key in Required[settings.Type])
        {
            var value = Scalar(fields, key, prefix, errors);
            if (value.Length > 0) settings._values[key] = value;
            else if (settings.IsOn) errors.Add(new(prefix + key, "is missing"));
        }
        foreach (var key in Optional[settings.Type])
            if (Scalar(fields, key, prefix, errors) is { Length: > 0 } value) settings._values[key] = value;
        settings.Timeout = fields.Duration("timeout") ?? settings.Timeout;
        settings.RateLimit = Number(Scalar(fields, "rate_limit", prefix, errors), settings.RateLimit, 1, 10_000, $"{prefix}rate_limit", errors);
        settings.AllowPrivate = Scalar(fields, "allow_private", prefix, errors) switch
        {
            "" => settings.AllowPrivate,
            "true" => true,
            "false" => false,
            _ => Wrong($"{prefix}allow_private", "must be true or false"),
        };
        settings.Title = fields.Text("title");
        settings.Text = fields.Text("text");
        fields.RefuseOthers();
        if (settings.Timeout <= TimeSpan.Zero || settings.Timeout > TimeSpan.FromSeconds(20)) errors.Add(new($"{prefix}timeout", "must be over 0 and at most 20s"));
        foreach (var template in new[] { settings.Title, settings.Text }.OfType<string>())
            foreach (var placeholder in AlertText.Placeholder().Matches(template).Select(m => m.Groups["name"].Value).Where(p => !Placeholders.Contains(p, StringComparer.Ordinal)))
                errors.Add(new(prefix + (template == settings.Title ? "title" : "text"), $"has {{{placeholder}}}, but there are: {string.Join(", ", Placeholders)}"));
        if (settings.IsOn) settings.Check(prefix, errors);
        return settings;

        bool Wrong(string field, string message)
        {
            errors.Add(new(field, message));
            return false;
        }
    }

    /// <summary>An email server's port; 587, 465 with implicit TLS, or 25 without TLS.</summary>
    public int Port => Number(this["port"], this["tls"] switch { "none" => 25, "implicit" => ImplicitTlsPort, _ => 587 }, 1, 65_535, "", []);

    /// <summary>The mailboxes that a value lists, separated by commas; empty if one of them is not an email address.</summary>
    public IReadOnlyList<MailboxAddress> Mailboxes(string key) =>
        InternetAddressList.TryParse(this[key], out var list) && list.Mailboxes.All(m => m.Domain.Length > 0) ? [.. list.Mailboxes] : [];

    public override string ToString() => $"{Name} ({JsonFields.WireName(Type)})";

    private void Check(string prefix, List<FieldError> errors)
    {
        // The value is not said: a webhook's address is a secret.
        if (this["url"] is { Length: > 0 } url && (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")))
            errors.Add(new($"{prefix}url", "must be an absolute http or https address"));
        if (this["tls"] is not ("" or "starttls" or "implicit" or "none")) errors.Add(new($"{prefix}tls", "must be one of: starttls, implicit, none"));
        Number(this["port"], 587, 1, 65_535, $"{prefix}port", errors);
        if (Type != ChannelType.Email) return;
        foreach (var key in new[] { "from", "to" })
            if (this[key].Length > 0 && Mailboxes(key).Count == 0) errors.Add(new(prefix + key, "must be email addresses, such as oncall@example.com"));
    }

    // A number or a text; a list is joined by commas.
    private static string Scalar(JsonFields fields, string key, string prefix, List<FieldError> errors)
    {
        var value = fields.Take(key);
        switch (value.ValueKind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                return "";
            case JsonValueKind.String:
                return value.GetString() ?? "";
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            case JsonValueKind.Array when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String):
                return string.Join(',', value.EnumerateArray().Select(v => v.GetString()));
            default:
                errors.Add(new(prefix + key, "must be a text"));
                return "";
        }
    }

    private static int Number(string text, int otherwise, int least, int most, string field, List<FieldError> errors)
    {
        if (text.Length == 0) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        errors.Add(new(field, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}")));
        return otherwise;
    }
}
