using System.Globalization;
using System.Text;

namespace OsMEN.AppHost.Publishing;

/// <summary>Writes variables and arguments of a container for a Helm template, whose dot is the chart's root.</summary>
/// <remarks>
/// Kubernetes replaces <c>$(NAME)</c> by a variable that is listed before it. So a secret becomes a part of a connection string without
/// being in the chart or its values.
/// </remarks>
internal sealed class HelmEnvironment(PublishedModel model) : ValueWriter(model)
{
    /// <summary>The items of <c>env</c>, not indented.</summary>
    public string Write(PublishedService service)
    {
        var yaml = new StringBuilder();
        var parts = service.Environment.Values.Where(v => v is not ParameterResource).SelectMany(References).OfType<ParameterResource>();
        foreach (var secret in parts.DistinctBy(p => p.Name))
        {
            AddSecret(yaml, SecretVariable(secret), secret);
        }

        foreach (var (name, value) in service.Environment)
        {
            if (value is ParameterResource parameter)
            {
                AddSecret(yaml, name, parameter);
                continue;
            }

            // A container that the chart does not bring is used where the values give its host.
            var optional = References(value).OfType<EndpointReference>().FirstOrDefault(IsOptional);
            var variable = $"- name: {name}\n  value: \"{Write(value)}\"\n";
            yaml.Append(optional is null ? variable : $"{{{{- if {ValuesOf(optional.Resource.Name)}.host }}}}\n{variable}{{{{- end }}}}\n");
        }

        return yaml.ToString();
    }

    /// <summary>The command, arguments and variables of a server that runs in the cluster.</summary>
    public string WriteContainer(PublishedService server)
    {
        var yaml = new StringBuilder();
        if (server.Resource is ContainerResource { Entrypoint: { } entrypoint })
        {
            yaml.Append(CultureInfo.InvariantCulture, $"command: [\"{Write(entrypoint)}\"]\n");
        }

        if (server.Arguments.Count > 0)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"args: [{string.Join(", ", server.Arguments.Select(a => $"\"{Write(a)}\""))}]\n");
        }

        yaml.Append("env:\n");
        if (Model.Databases.Any(d => d.Parent == server.Resource))
        {
            // What the values name, it creates.
            var values = ValuesOf(server.Name);
            yaml.Append(CultureInfo.InvariantCulture, $"- name: POSTGRES_USER\n  value: {{{{ {values}.user | quote }}}}\n");
            yaml.Append(CultureInfo.InvariantCulture, $"- name: POSTGRES_DB\n  value: {{{{ {values}.database | quote }}}}\n");
            server = server with { Environment = server.Environment.Where(v => v.Key != "POSTGRES_USER").ToDictionary() };
        }

        return yaml.Append(Write(server)).ToString();
    }

    /// <summary>The endpoints of containers that the chart does not bring, which the projects refer to.</summary>
    public static IEnumerable<EndpointReference> Optional(PublishedModel model) => model.Projects
        .SelectMany(p => p.Environment.Values).SelectMany(References).OfType<EndpointReference>()
        .Where(IsOptional).DistinctBy(e => (e.Resource.Name, e.EndpointName));

    /// <summary>A resource's part of the values, as a template refers to it.</summary>
    public static string ValuesOf(string name) =>
        name.Contains('-', StringComparison.Ordinal) ? $"(index .Values \"{name}\")" : $".Values.{name}";

    protected override string Literal(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("$(", "$$(", StringComparison.Ordinal);

    protected override string Parameter(ParameterResource parameter) => $"$({SecretVariable(parameter)})";

    protected override string Host(IResource resource) => resource is IResourceWithConnectionString
        ? $"{{{{ include \"chart.host\" (dict \"root\" . \"name\" \"{resource.Name}\") }}}}"
        : $"{{{{ {ValuesOf(resource.Name)}.host }}}}";

    protected override string Port(EndpointReference endpoint) => endpoint.Resource is ProjectResource
        ? Model.PortOf(endpoint).ToString(CultureInfo.InvariantCulture)
        : $"{{{{ {ValuesOf(endpoint.Resource.Name)}.ports.{endpoint.EndpointName} }}}}";

    protected override string TlsCondition(EndpointReference endpoint, string whenTls, string whenPlain)
    {
        var otherwise = whenPlain.Length == 0 ? "" : $"{{{{ else }}}}{whenPlain}";
        return $"{{{{ if {ValuesOf(endpoint.Resource.Name)}.tls }}}}{whenTls}{otherwise}{{{{ end }}}}";
    }

    /// <summary>Of a PostgreSQL database, with the user and the database that the values name.</summary>
    protected override string ConnectionString(IResourceWithConnectionString resource)
    {
        var text = base.ConnectionString(resource);
        if (resource is not PostgresDatabaseResource database)
            return text;
        var values = ValuesOf(database.Parent.Name);
        return string.Join(';', text.Split(';').Select(pair => pair.Split('=')[0] switch
        {
            "Username" => $"Username={{{{ {values}.user }}}}",
            "Database" => $"Database={{{{ {values}.database }}}}",
            _ => pair,
        }));
    }

    private static bool IsOptional(EndpointReference endpoint) =>
        endpoint.Resource is ContainerResource and not IResourceWithConnectionString;

    private static void AddSecret(StringBuilder yaml, string variable, ParameterResource parameter) => yaml
        .Append(CultureInfo.InvariantCulture, $"- name: {variable}\n  valueFrom:\n    secretKeyRef:\n")
        .Append(CultureInfo.InvariantCulture, $"      name: {{{{ .Values.existingSecret }}}}\n      key: {parameter.Name}\n");

    private static string SecretVariable(ParameterResource parameter) => "SECRET_" + parameter.Name.Replace('-', '_').ToUpperInvariant();
}
