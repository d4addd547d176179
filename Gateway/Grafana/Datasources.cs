using System.Text.Json.Nodes;

namespace OsMEN.Gateway.Grafana;

/// <summary>The sources of data, by the uids of <c>monitoring/grafana/provisioning/datasources/</c>.</summary>
internal static class Datasources
{
    /// <exception cref="FormatException">There is no such source.</exception>
    public static JsonObject Reference(string name) => name switch
    {
        // Metrics may come from another server than the provisioned one: the reader's choice.
        "prometheus" => Of("prometheus", "${datasource}"),
        "loki" => Of("loki", "loki"),
        "postgres" => Of("grafana-postgresql-datasource", "postgres"),
        "grafana" => Of("grafana", "-- Grafana --"),
        _ => throw new FormatException($"there is no datasource {name}; there are prometheus, loki, postgres"),
    };

    private static JsonObject Of(string type, string uid) => new() { ["type"] = type, ["uid"] = uid };
}
