namespace OsMEN.LocalHosting.Publishing;

/// <summary>Writes a resource's variables for a pod.</summary>
internal static class HelmEnvironment
{
    // Kubernetes fills $(NAME) in from the variables before it: so a secret becomes a part of a connection string without
    // being in the chart or its values.
    private static readonly ValueText s_value = new(
        text => text.Replace("$(", "$$(", StringComparison.Ordinal),
        parameter => $"$({SecretVariable(parameter)})",
        (endpoint, property) => property == EndpointProperty.Host
            ? Host(endpoint.Resource.Name, endpoint.Resource is IResourceWithConnectionString)
            : Port(endpoint));

    public static string Write(IReadOnlyList<KeyValuePair<string, object>> environment, int indent)
    {
        var yaml = new TextLines();
        foreach (var secret in environment.Where(v => v.Value is not ParameterResource).SelectMany(v => ValueText.Parameters(v.Value)).Distinct())
            Secret(yaml, indent, SecretVariable(secret), secret);
        foreach (var (name, value) in environment)
        {
            if (value is ParameterResource parameter)
            {
                Secret(yaml, indent, name, parameter);
                continue;
            }

            // What the chart does not bring with it is there when the values give its address.
            var optional = ValueText.Endpoints(value).FirstOrDefault(e => e.Resource is ContainerResource and not IResourceWithConnectionString);
            if (optional is not null)
                yaml.Add(indent, $"{{{{- if .Values.{HelmPublisher.Key(optional.Resource.Name)}.host }}}}");
            yaml.Add(indent, $"- name: {name}").Add(indent + 2, $"value: {TextLines.Quote(s_value.Of(value))}");
            if (optional is not null)
                yaml.Add(indent, "{{- end }}");
        }

        return yaml.ToString();
    }

    /// <summary>A resource's host, from the values; that of the release's own server where there is one.</summary>
    /// <param name="name">The resource.</param>
    /// <param name="qualified">Whether the chart can bring it. It then is named with its namespace, for those who ask from another.</param>
    public static string Host(string name, bool qualified) => qualified
        ? $"{{{{ if .Values.{HelmPublisher.Key(name)}.inCluster.enabled }}}}{{{{ .Release.Name }}}}-{name}.{{{{ .Release.Namespace }}}}.svc{{{{ else }}}}{{{{ .Values.{HelmPublisher.Key(name)}.host }}}}{{{{ end }}}}"
        : $"{{{{ .Values.{HelmPublisher.Key(name)}.host }}}}";

    private static string Port(EndpointReference endpoint) => endpoint.Resource is ProjectResource
        ? PublishedModel.TargetPort(endpoint.Resource, endpoint.EndpointAnnotation).ToString(System.Globalization.CultureInfo.InvariantCulture)
        : $"{{{{ .Values.{HelmPublisher.Key(endpoint.Resource.Name)}.ports.{endpoint.EndpointName} }}}}";

    private static void Secret(TextLines yaml, int indent, string variable, ParameterResource parameter) => yaml
        .Add(indent, $"- name: {variable}")
        .Add(indent + 2, "valueFrom:")
        .Add(indent + 4, "secretKeyRef:")
        .Add(indent + 6, "name: {{ .Values.existingSecret }}")
        .Add(indent + 6, $"key: {parameter.Name}");

    private static string SecretVariable(ParameterResource parameter) => "SECRET_" + parameter.Name.Replace('-', '_').ToUpperInvariant();
}
