using System.Text;
using System.Text.Json;

namespace OsMEN.LocalHosting.Publishing;

/// <summary>
/// Writes Aspire's deployment manifest, which <c>azd</c> and other tools read
/// (https://json.schemastore.org/aspire-8.0.json). Waiting, replicas and health are no part of it.
/// </summary>
internal static class ManifestPublisher
{
    /// <param name="model">The model.</param>
    /// <param name="folder">Where the manifest is, which its paths are relative to.</param>
    public static string Write(PublishedModel model, string folder)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json.schemastore.org/aspire-8.0.json");
            json.WriteStartObject("resources");
            foreach (var resource in model.Resources.Where(r => r.Resource is not ParameterResource { IsImplicit: true }))
                WriteResource(json, resource, folder);
            foreach (var parameter in model.Parameters.Where(p => p.IsImplicit))
            {
                WriteParameter(json, parameter);
                if (IsEscaped(model, parameter))
                    WriteEscaped(json, parameter);
            }

            foreach (var redis in model.Resources.Select(r => r.Resource).OfType<RedisResource>())
                WriteCondition(json, redis);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteResource(Utf8JsonWriter json, PublishedResource resource, string folder)
    {
        if (resource.Resource is ParameterResource parameter)
        {
            WriteParameter(json, parameter);
            return;
        }

        json.WriteStartObject(resource.Name);
        switch (resource.Resource)
        {
            case ProjectResource project:
                json.WriteString("type", "project.v0");
                json.WriteString("path", Relative(folder, project.Annotations.OfType<IProjectMetadata>().Single().ProjectPath));
                WriteArguments(json, resource);
                WriteEnvironment(json, resource);
                WriteBindings(json, resource);
                break;
            case ContainerResource container:
                json.WriteString("type", "container.v0");
                if (container is IResourceWithConnectionString server)
                    json.WriteString("connectionString", server.ConnectionStringExpression.ValueExpression + (server is RedisResource redis ? $"{{{TlsCondition.NameOf(redis.PrimaryEndpoint)}.connectionString}}" : ""));
                json.WriteString("image", resource.Image);
                if (container.Entrypoint is not null)
                    json.WriteString("entrypoint", container.Entrypoint);
                WriteArguments(json, resource);
                WriteMounts(json, resource, folder);
                WriteEnvironment(json, resource);
                WriteBindings(json, resource);
                break;
            case PostgresDatabaseResource database:
                json.WriteString("type", "value.v0");
                json.WriteString("connectionString", $"{{{database.Parent.Name}.connectionString}};Database={database.DatabaseName}");
                break;
            default:
                throw new DistributedApplicationException($"The resource \"{resource.Name}\" cannot be written to a manifest.");
        }

        json.WriteEndObject();
    }

    private static void WriteParameter(Utf8JsonWriter json, ParameterResource parameter)
    {
        json.WriteStartObject(parameter.Name);
        json.WriteString("type", "parameter.v0");
        json.WriteString("value", $"{{{parameter.Name}.inputs.value}}");
        json.WriteStartObject("inputs");
        json.WriteStartObject("value");
        json.WriteString("type", "string");
        if (parameter.Secret)
            json.WriteBoolean("secret", true);
        if (parameter.Default is GenerateParameterDefault generated)
        {
            json.WriteStartObject("default");
            json.WriteStartObject("generate");
            json.WriteNumber("minLength", generated.MinLength);
            if (!generated.Special)
                json.WriteBoolean("special", false);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteEscaped(Utf8JsonWriter json, ParameterResource parameter)
    {
        json.WriteStartObject($"{parameter.Name}-uri-encoded");
        json.WriteString("type", "annotated.string");
        json.WriteString("value", parameter.ValueExpression);
        json.WriteString("filter", "uri");
        json.WriteEndObject();
    }

    private static void WriteCondition(Utf8JsonWriter json, RedisResource redis)
    {
        json.WriteStartObject(TlsCondition.NameOf(redis.PrimaryEndpoint));
        json.WriteString("type", "value.v0");
        json.WriteString("connectionString", "");
        json.WriteEndObject();
    }

    private static void WriteArguments(Utf8JsonWriter json, PublishedResource resource)
    {
        if (resource.Args.Count == 0)
            return;
        json.WriteStartArray("args");
        foreach (var argument in resource.Args)
            json.WriteStringValue(Expression(argument));
        json.WriteEndArray();
    }

    private static void WriteMounts(Utf8JsonWriter json, PublishedResource resource, string folder)
    {
        foreach (var mounts in resource.Mounts.GroupBy(m => m.Type).OrderBy(g => g.Key))
        {
            var isBind = mounts.Key == ContainerMountType.BindMount;
            json.WriteStartArray(isBind ? "bindMounts" : "volumes");
            foreach (var mount in mounts)
            {
                json.WriteStartObject();
                if (mount.Source is not null)
                    json.WriteString(isBind ? "source" : "name", isBind ? Relative(folder, mount.Source) : mount.Source);
                json.WriteString("target", mount.Target);
                json.WriteBoolean("readOnly", mount.IsReadOnly);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static void WriteEnvironment(Utf8JsonWriter json, PublishedResource resource)
    {
        if (resource.Environment.Count == 0)
            return;
        json.WriteStartObject("env");
        foreach (var (name, value) in resource.Environment)
            json.WriteString(name, Expression(value));
        json.WriteEndObject();
    }

    private static void WriteBindings(Utf8JsonWriter json, PublishedResource resource)
    {
        if (resource.Endpoints.Count == 0)
            return;
        json.WriteStartObject("bindings");
        foreach (var endpoint in resource.Endpoints)
        {
            json.WriteStartObject(endpoint.Name);
            json.WriteString("scheme", endpoint.UriScheme);
            json.WriteString("protocol", "tcp");
            json.WriteString("transport", endpoint.UriScheme is "http" or "https" ? "http" : "tcp");
            if (endpoint.Port is { } port && port != endpoint.TargetPort)
                json.WriteNumber("port", port);

            // A project without one of its own gets it from the tool that deploys it.
            if (endpoint.TargetPort is { } target)
                json.WriteNumber("targetPort", target);
            if (endpoint.IsExternal)
                json.WriteBoolean("external", true);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static string Expression(object value) => value is IManifestExpressionProvider expression ? expression.ValueExpression : value.ToString()!;

    private static string Relative(string folder, string path) => Path.GetRelativePath(folder, path).Replace('\\', '/');

    private static bool IsEscaped(PublishedModel model, ParameterResource parameter) =>
        model.Resources.SelectMany(r => r.Environment).Any(v => v.Value is ReferenceExpression e && Contains(e, parameter));

    private static bool Contains(ReferenceExpression expression, ParameterResource parameter) => expression.Parts.Any(p => p switch
    {
        UriEscapedValue escaped => escaped.Value == parameter,
        ReferenceExpression inner => Contains(inner, parameter),
        _ => false,
    });
}
