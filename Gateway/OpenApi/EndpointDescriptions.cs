using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OsMEN.Gateway.OpenApi;

/// <summary>What the API's description cannot read from a handler's types.</summary>
internal static class EndpointDescriptions
{
    private sealed record TakenHeader(string Name, string What);

    private sealed record AlsoAnswered(string MediaType);

    /// <summary>Describes a header that the endpoint reads; it may be left out.</summary>
    /// <param name="what">A phrase.</param>
    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder endpoint, string name, string what) => endpoint.WithMetadata(new TakenHeader(name, what));

    /// <summary>Describes that the endpoint answers with text of another type too, when it is asked to.</summary>
    public static RouteHandlerBuilder AnswersAlso(this RouteHandlerBuilder endpoint, string mediaType) => endpoint.WithMetadata(new AlsoAnswered(mediaType));

    public static void DescribeEndpoints(this OpenApiOptions options)
    {
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            foreach (var header in metadata.OfType<TakenHeader>())
                (operation.Parameters ??= []).Add(new OpenApiParameter { Name = header.Name, In = ParameterLocation.Header, Description = header.What, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
            foreach (var also in metadata.OfType<AlsoAnswered>())
            {
                if (operation.Responses?.GetValueOrDefault("200")?.Content is { } content)
                    content[also.MediaType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
            }

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
