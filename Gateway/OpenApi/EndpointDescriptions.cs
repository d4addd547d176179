using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OsMEN.Gateway.OpenApi;

/// <summary>What the API's description cannot read from a handler's types.</summary>
internal static class EndpointDescriptions
{
    private const string EventStream = "text/event-stream";

    private sealed record TakenHeader(string Name, string What);

    private sealed record Streamed;

    /// <summary>Describes a header that the endpoint reads; it may be left out.</summary>
    /// <param name="what">A phrase.</param>
    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder endpoint, string name, string what) => endpoint.WithMetadata(new TakenHeader(name, what));

    /// <summary>Describes that the endpoint answers with server-sent events too.</summary>
    public static RouteHandlerBuilder Streams(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new Streamed());

    public static void DescribeEndpoints(this OpenApiOptions options)
    {
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            foreach (var header in metadata.OfType<TakenHeader>())
                (operation.Parameters ??= []).Add(new OpenApiParameter { Name = header.Name, In = ParameterLocation.Header, Description = header.What, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
            if (metadata.OfType<Streamed>().Any() && operation.Responses?.GetValueOrDefault("200")?.Content is { } content)
                content[EventStream] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // The serializer could be told to take numbers as texts; nothing here takes or gives them so.
            if (schema.Type is { } type && type.HasFlag(JsonSchemaType.String) && (type.HasFlag(JsonSchemaType.Integer) || type.HasFlag(JsonSchemaType.Number)))
            {
                schema.Type = type & ~JsonSchemaType.String;
                schema.Pattern = null;
            }

            if (typeof(ProblemDetails).IsAssignableFrom(context.JsonTypeInfo.Type) && context.JsonPropertyInfo is null)
            {
                schema.Properties ??= new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal);
                foreach (var name in (ReadOnlySpan<string>)["traceId", "requestId"])
                    schema.Properties[name] = new OpenApiSchema { Type = JsonSchemaType.String };
            }

            return Task.CompletedTask;
        });
    }
}
