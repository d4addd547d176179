namespace OsMEN.Gateway.Alerts.State;

/// <summary>Why an alert is over, as it is stored and shown.</summary>
internal static class AlertResolution
{
    /// <summary>Its condition holds no more.</summary>
    public const string Ended = "ended";

    /// <summary>Its rule was switched off: whether its condition still holds is not known.</summary>
    public const string RuleOff = "rule_off";

    /// <summary>Its rule was removed.</summary>
    public const string RuleRemoved = "rule_removed";
}
