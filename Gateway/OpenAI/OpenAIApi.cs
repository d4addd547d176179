using System.Text.Json.Serialization;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.OpenApi;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Forwarding;

namespace OsMEN.Gateway.OpenAI;

/// <summary>OpenAI's API, for its clients: agents (<c>agent/id</c>) and models (<c>platform/model</c>).</summary>
internal static class OpenAIApi
{
    public static void AddOpenAI(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<DirectCallRecorder>();
        builder.Services.AddHostedService(s => s.GetRequiredService<DirectCallRecorder>());
        builder.Services.AddSingleton<ModelCompletions>();
        builder.Services.AddSingleton<AgentCompletions>();

        // Before the framework's writer of problem details, whoever added that: it takes what this one leaves.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, OpenAIErrors>());
    }

    public static void MapOpenAIApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/v1").WithTags("OpenAI");
        api.MapPost("/chat/completions", ChatAsync).RequireAuthorization(Policies.Run).WithName("CreateChatCompletion")
            .WithSummary("A chat completion of an agent or a model, streamed or whole, in OpenAI's wire format")
            .Accepts<RawJson>("application/json").AnswersAlso("text/event-stream").Produces<RawJson>().ProducesErrors(400, 402, 404, 413, 415, 502, 503, 504);
        api.MapPost("/embeddings", EmbedAsync).RequireAuthorization(Policies.Run).WithName("CreateEmbedding")
            .WithSummary("Embeddings of a model whose platform makes them, in OpenAI's wire format")
            .Accepts<RawJson>("application/json").Produces<RawJson>().ProducesErrors(400, 402, 404, 413, 415, 502, 504);
        api.MapGet("/models", List).RequireAuthorization(Policies.Read).WithName("ListModels").WithSummary("Agents, and the models that they and the default name")
            .Produces<ModelList>().ProducesErrors();
        api.MapGet("/models/{**id}", GetAsync).RequireAuthorization(Policies.Read).WithName("GetModel").WithSummary("One agent or model")
            .Produces<ModelView>().ProducesErrors(404);
    }

    private static RouteHandlerBuilder ProducesErrors(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in (ReadOnlySpan<int>)[401, 403, 429, .. statuses])
            endpoint.Produces<ErrorAnswer>(status);
        return endpoint;
    }

    private static async Task<IResult> ChatAsync(
        HttpContext context, RequestBody requestBody, ModelCompletions models, AgentCompletions agents, CancellationToken cancellationToken)
    {
        var (request, problem) = await ReadAsync(context, requestBody, cancellationToken);
        if (request is null)
            return problem!;
        return request.Model.StartsWith(AgentCompletions.Prefix, StringComparison.Ordinal)
            ? await agents.RunAsync(request, context, cancellationToken)
            : await models.RunAsync("chat", request, context, cancellationToken);
    }

    private static async Task<IResult> EmbedAsync(HttpContext context, RequestBody requestBody, ModelCompletions models, CancellationToken cancellationToken)
    {
        var (request, problem) = await ReadAsync(context, requestBody, cancellationToken);
        return request is null ? problem!
            : request.IsStream ? OpenAIErrors.Invalid("stream", "is not possible for embeddings")
            : await models.RunAsync("embeddings", request, context, cancellationToken);
    }

    private static async ValueTask<(ForwardRequest? Request, IResult? Problem)> ReadAsync(HttpContext context, RequestBody requestBody, CancellationToken cancellationToken)
    {
        var (body, problem) = await requestBody.ReadBytesAsync(context.Request, cancellationToken);
        if (problem is not null)
            return (null, problem);
        var (request, field, error) = ForwardRequest.Read(body);
        return request is null ? (null, OpenAIErrors.Invalid(field, error!)) : (request, null);
    }

    private static IResult List(AgentCatalog catalog, LlmOptions options, ModelRoutes routes)
    {
        var agents = catalog.List();
        var models = agents.Select(a => a.Model).Append(options.DefaultModel.ToString()).Append(ModelName.Offline.ToString())
            .Where(m => IsModel(m, options)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return TypedResults.Ok(new ModelList("list", [.. agents.Select(a => View(AgentCompletions.Prefix + a.Id)), .. routes.Aliases.Select(View), .. models.Select(m => View(m!))]));
    }

    private static async Task<IResult> GetAsync(string id, AgentCatalog catalog, LlmOptions options, ModelRoutes routes, CancellationToken cancellationToken)
    {
        // The clients' libraries escape the slash.
        var name = Uri.UnescapeDataString(id);
        var exists = name.StartsWith(AgentCompletions.Prefix, StringComparison.Ordinal)
            ? await catalog.FindFreshAsync(name[AgentCompletions.Prefix.Length..], cancellationToken) is not null
            : routes.Aliases.Contains(name, StringComparer.Ordinal) || IsModel(name, options);
        return exists ? TypedResults.Ok(View(name)) : OpenAIErrors.UnknownModel(name);
    }

    private static bool IsModel(string? name, LlmOptions options) => ModelName.TryParse(name, out var model) && options.IsAvailable(model.Platform);

    // Neither agents nor providers' models tell when they were made.
    private static ModelView View(string id) => new(id, "model", 0, id.StartsWith(AgentCompletions.Prefix, StringComparison.Ordinal) || !id.Contains('/', StringComparison.Ordinal) ? "osmen" : id[..id.IndexOf('/', StringComparison.Ordinal)]);
}

/// <summary>What <see cref="OpenAIErrors"/> writes.</summary>
internal sealed record ErrorAnswer(ErrorAnswer.Reason Error)
{
    internal sealed record Reason(string Message, string Type, string? Param, string? Code);
}

/// <summary>Agents and models.</summary>
internal sealed record ModelList([property: JsonPropertyName("object")] string Object, IReadOnlyList<ModelView> Data);

/// <summary>An agent or a model; <paramref name="Id"/> is what a request names.</summary>
internal sealed record ModelView(string Id, [property: JsonPropertyName("object")] string Object, long Created, string OwnedBy);
