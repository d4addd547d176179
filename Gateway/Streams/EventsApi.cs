using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.OpenApi;
using OsMEN.Executions;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.OpenApi;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Streams;

/// <summary>The events of one execution over plain HTTP: pages of JSON, or server-sent events that resume by Last-Event-ID.</summary>
internal static class EventsApi
{
    // Proxies close what is silent for a minute.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private static readonly QueryParameter<long?> After = new(
        "after",
        "Events after the one of this number; a Last-Event-ID goes before it",
        "must be the number of an event",
        new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0" },
        TryNumber);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(500, 500);

    public static void MapEventsApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/executions/{id}/events", ReadAsync).RequireAuthorization(Policies.Read).WithTags("Streams").WithName("ReadEvents")
            .WithSummary("Events as a page, or all of them live as text/event-stream")
            .Takes(After, Limit).TakesHeader("Last-Event-ID", "Events after the one of this number").AnswersAlso("text/event-stream").Produces<Page<RawJson>>().ProducesProblems(404, 503);

    private static async Task<IResult> ReadAsync(
        string id, HttpContext context, IExecutionStore store, EventFeed feed, EventStreams streams, TimeProvider time, CancellationToken cancellationToken)
    {
        var after = After.Of(context) ?? 0;
        if (context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last)
        {
            if (TryNumber(last) is not { } seen)
                return ProblemResponse.Invalid("Last-Event-ID", After.MustBe);
            after = seen;
        }

        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { Id: var guid })
            return ProblemResponse.NotFound("There is no such execution.");
        if (context.Request.GetTypedHeaders().Accept is { Count: > 0 } accept && accept.Any(a => a.MediaType == "text/event-stream"))
        {
            using var open = streams.Enter();
            await StreamAsync(guid, after, context, feed, time, cancellationToken);
            return Results.Empty;
        }

        // The store keeps chunks whole, and may give more.
        var limit = Limit.Of(context)!.Value;
        var page = await store.ReadEventsAsync(guid, after, limit, cancellationToken);
        if (page?.Frames.Count > limit)
            page = page with { Frames = [.. page.Frames.Take(limit)] };
        var more = page is { Frames.Count: > 0 } || page is { Status: var status } && !status.IsFinal();
        var next = page is { Frames.Count: > 0 } ? page.LastSeq : after;
        return TypedResults.Ok(new Page<RawJson>(
            [.. Frames(page, after, guid, time).Select(f => new RawJson(f))], more ? next.ToString(CultureInfo.InvariantCulture) : null));
    }

    private static long? TryNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IEnumerable<string> Frames(EventPage? page, long after, Guid id, TimeProvider time)
    {
        if (page is null)
            return [];
        return StreamFrames.GapBefore(page, after + 1, id, time.GetUtcNow()) is { } gap ? page.Frames.Prepend(gap) : page.Frames;
    }

    private static async Task StreamAsync(Guid id, long after, HttpContext context, EventFeed feed, TimeProvider time, CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var body = context.Response.BodyWriter;
        await body.FlushAsync(cancellationToken);
        var next = after + 1;
        await using var pages = feed.ReadAsync(id, after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(pages, body, time, cancellationToken))
        {
            var page = pages.Current;
            if (StreamFrames.GapBefore(page, next, id, time.GetUtcNow()) is { } gap)
                Write(body, null, "gap", gap);
            for (var i = 0; i < page.Frames.Count; i++)
                Write(body, page.FirstSeq + i, StreamFrames.TypeOf(page.Frames[i]), page.Frames[i]);
            next = page.LastSeq + 1;

            // Waits while the client does not read: the feed then reads on from the store.
            await body.FlushAsync(cancellationToken);
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<EventPage> pages, PipeWriter body, TimeProvider time, CancellationToken cancellationToken)
    {
        var next = pages.MoveNextAsync().AsTask();
        while (true)
        {
            try
            {
                return await next.WaitAsync(Heartbeat, time, cancellationToken);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                body.Write(": still there\n\n"u8);
                await body.FlushAsync(cancellationToken);
            }
        }
    }

    private static void Write(PipeWriter body, long? seq, ReadOnlySpan<char> type, string frame)
    {
        if (seq is { } number)
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {number}\n"), body);
        Encoding.UTF8.GetBytes($"event: {type}\ndata: {frame}\n\n", body);
    }
}
