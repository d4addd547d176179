using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OsMEN.Bench.Gateway;

/// <summary>A provider that answers at once with the same completion, or the same stream of 20 chunks and their usage. A process of its own.</summary>
internal static class FakeProvider
{
    private const string Usage = """{"prompt_tokens":20,"completion_tokens":40,"total_tokens":60}""";

    private static readonly byte[] Whole = Encoding.UTF8.GetBytes(
        """{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the lazy dog. "},"logprobs":null,"finish_reason":"stop"}],"usage":"""
        + Usage + "}");

    private static readonly byte[][] Chunks =
    [
        .. Enumerable.Range(0, 20).Select(i => Encoding.UTF8.GetBytes(
            $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{{(i == 0 ? """{"role":"assistant","content":""}""" : $$"""{"content":"word{{i}} "}""")}},"finish_reason":{{(i == 19 ? "\"stop\"" : "null")}}}]}""" + "\n\n")),
        Encoding.UTF8.GetBytes($$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini","choices":[],"usage":{{Usage}}}""" + "\n\ndata: [DONE]\n\n"),
    ];

    public static async Task RunAsync(string url)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.RunAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var isStream = false;
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync();
            if (read.IsCompleted)
            {
                isStream = read.Buffer.FirstSpan.IndexOf("\"stream\":true"u8) >= 0;
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                break;
            }

            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        if (!isStream)
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = Whole.Length;
            await context.Response.BodyWriter.WriteAsync(Whole);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        foreach (var chunk in Chunks)
        {
            await context.Response.BodyWriter.WriteAsync(chunk);
            await Task.Yield();
        }
    }
}
