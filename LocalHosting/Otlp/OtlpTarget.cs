using System.Globalization;

namespace OsMEN.LocalHosting.Otlp;

/// <summary>Where services send what they measure.</summary>
/// <param name="Address">Of the receiver, over HTTP.</param>
/// <param name="ApiKey">What it asks for.</param>
internal sealed record OtlpTarget(string Address, string ApiKey)
{
    /// <summary>The variables for a service.</summary>
    public IEnumerable<(string Name, string Value)> Variables =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Address),
        ("OTEL_EXPORTER_OTLP_HEADERS", string.Create(CultureInfo.InvariantCulture, $"{OtlpReceiver.KeyHeader}={ApiKey}")),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),

        // Where a page may send who wants to see a trace: its id is put behind.
        ("TRACES_URL", Address.TrimEnd('/') + "/#/traces/"),
    ];
}
