using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Channels;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;
using YamlDotNet.Core;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>Reads where alerts are sent, and which are kept back. A channel one of whose variables is not set, and has no default, is off.</summary>
internal static class RoutingYaml
{
    private const int MaxChannels = 100;
    private const int MaxRoutes = 200;

    public static RoutingFile Read(string path, string text, Func<string, string?> variable)
    {
        try
        {
            var (root, lines) = YamlJson.Read(text.TrimStart('\uFEFF'));
            List<FieldError> errors = [];
            var channels = Channels((root as JsonObject)?["channels"], variable, errors);
            var routes = Routes((root as JsonObject)?["routes"], variable, channels, errors);
            var inhibitions = InhibitionReader.Read((root as JsonObject)?["inhibitions"], errors);
            return new(channels, routes, inhibitions, [.. errors.Select(e => new CatalogProblem(path, YamlJson.LineOf(e.Field, lines), $"{e.Field} {e.Message}"))]);
        }
        catch (YamlException e)
        {
            return new([], [], [], [YamlJson.ProblemOf(path, e)]);
        }
    }

    private static List<ChannelSettings> Channels(JsonNode? node, Func<string, string?> variable, List<FieldError> errors)
    {
        List<ChannelSettings> read = [];
        if (node is null) return read;
        if (node is not JsonObject map || map.Count > MaxChannels)
        {
            errors.Add(new("channels", $"must be an object of at most {MaxChannels} named channels"));
            return read;
        }
        foreach (var (name, settings) in map)
        {
            var field = $"channels.{name}";
            if (!PrometheusNames.IsLabel(name) || name.Length > 50) errors.Add(new(field, "must be named by letters, digits and _, at most 50"));
            List<FieldError> unset = [];
            List<string> asked = [];
            var replaced = EnvironmentText.Replace(settings?.DeepClone(), field, Value, unset, numbers: false);
            using var json = JsonDocument.Parse(replaced?.ToJsonString() ?? "null");
            read.Add(ChannelSettings.Read(name, json.RootElement, [.. asked.Where(a => unset.Any(u => u.Message.Contains($" {a},", StringComparison.Ordinal))).Distinct(StringComparer.Ordinal)], errors));

            string? Value(string asks)
            {
                asked.Add(asks);
                return variable(asks);
            }
        }
        return read;
    }

    private static List<NoticeRoute> Routes(JsonNode? node, Func<string, string?> variable, List<ChannelSettings> channels, List<FieldError> errors)
    {
        if (node is null) return [];
        if (node is not JsonArray list || list.Count > MaxRoutes)
        {
            errors.Add(new("routes", $"must be a list of at most {MaxRoutes} routes"));
            return [];
        }
        using var json = JsonDocument.Parse(EnvironmentText.Replace(list.DeepClone(), "routes", variable, errors)!.ToJsonString());
        List<NoticeRoute> read = [.. json.RootElement.EnumerateArray().Select((r, i) => Route(r, i, channels, errors))];
        foreach (var twice in read.GroupBy(r => r.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)) errors.Add(new("routes", $"has two routes of name {twice.Key}"));
        return read;
    }

    private static NoticeRoute Route(JsonElement element, int index, List<ChannelSettings> channels, List<FieldError> errors)
    {
        var prefix = $"routes[{index}].";
        var fields = new JsonFields(element, prefix, errors);
        var otherwise = new NoticeRoute { Name = $"route {index + 1}", Channels = [] };
        var name = fields.Text("name");
        List<LabelFilter> matchers = [];
        var severity = fields.Take("severity");
        if (severity.ValueKind != JsonValueKind.Undefined) matchers.AddRange(Silence.ReadMatchers(Wrapped(severity), prefix.TrimEnd('.'), errors));
        var match = fields.Take("match");
        if (match.ValueKind != JsonValueKind.Undefined) matchers.AddRange(Silence.ReadMatchers(match, $"{prefix}match", errors));
        var groupBy = fields.Take("group_by").ValueKind == JsonValueKind.Undefined ? otherwise.GroupBy : new JsonFields(element, prefix, []).Texts("group_by");
        var route = otherwise with
        {
            Name = name ?? otherwise.Name,
            Matchers = matchers,
            Channels = fields.Texts("channels"),
            GroupBy = groupBy,
            GroupWait = fields.Duration("group_wait") ?? otherwise.GroupWait,
            GroupInterval = fields.Duration("group_interval") ?? otherwise.GroupInterval,
            RepeatInterval = fields.Duration("repeat_interval") ?? otherwise.RepeatInterval,
            Resolved = fields.Flag("resolved") ?? true,
            Continue = fields.Flag("continue") ?? false,
            Escalation = Escalation(fields.Take("escalation"), prefix, errors),
        };
        fields.RefuseOthers();
        foreach (var severityName in matchers.Where(m => m.Label == "severity").SelectMany(m => m.Values))
            if (!Enum.TryParse<AlertSeverity>(severityName, ignoreCase: true, out _) && !severityName.Contains('*', StringComparison.Ordinal)) errors.Add(new($"{prefix}severity", $"has {severityName}, which is none"));
        foreach (var unknown in route.Channels.Concat(route.Escalation.SelectMany(e => e.Channels)).Where(c => channels.TrueForAll(k => k.Name != c)))
            errors.Add(new($"{prefix}channels", $"names {unknown}, which is no channel"));
        if (route.RepeatInterval < TimeSpan.FromMinutes(1) && route.RepeatInterval < route.GroupInterval) errors.Add(new($"{prefix}repeat_interval", "must be at least 1m"));
        return route;
    }

    private static List<EscalationStep> Escalation(JsonElement element, string prefix, List<FieldError> errors)
    {
        List<EscalationStep> read = [];
        if (element.ValueKind == JsonValueKind.Undefined) return read;
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > 10)
        {
            errors.Add(new($"{prefix}escalation", "must be a list of at most 10 steps"));
            return read;
        }
        foreach (var (i, item) in element.EnumerateArray().Index())
        {
            var fields = new JsonFields(item, $"{prefix}escalation[{i}].", errors);
            var after = fields.Duration("after") ?? TimeSpan.Zero;
            read.Add(new(after, fields.Texts("channels")));
            fields.RefuseOthers();
            if (after <= TimeSpan.Zero || (i > 0 && after <= read[i - 1].After)) errors.Add(new($"{prefix}escalation[{i}].after", "must be a duration, longer than the step before"));
        }
        return read;
    }

    private static JsonElement Wrapped(JsonElement severity)
    {
        using var json = JsonDocument.Parse($"{{\"severity\":{severity.GetRawText()}}}");
        return json.RootElement.Clone();
    }
}
