using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using OsMEN.Llm;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>
/// Every fault that a provider can have, at both providers, streamed and whole: what the caller is told, and what is recorded as used and
/// spent. What a provider refused costs nothing; what it took up is billed, and where it does not tell, estimated: a token for "Hi", one for "Hel".
/// </summary>
public sealed class FaultTests : IAsyncLifetime
{
    private const string OpenAIStart = """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}""";
    private const string OpenAIStop = """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";

    private static readonly Fault[] Faults =
    [
        // gpt-5-mini: 1 x 0.25 (+ 1 x 2 for "Hel") a million. claude-sonnet-4-5: what it told at the start, 50 x 3 + 40 x 0.3 + 10 x 3.75 + 1 x 15 a million.
        new("429", p => ScriptedAnswer.Error(429, "slow down", "7"), _ => "RateLimited 0+0 told $0: ADDRESS answered 429: slow down"),
        new("500", p => ScriptedAnswer.Error(500, "oops"), _ => "Unavailable 0+0 told $0: ADDRESS answered 500: oops"),
        new("529", p => ScriptedAnswer.Error(529, "overloaded"), _ => "RateLimited 0+0 told $0: ADDRESS answered 529: overloaded"),
        new("400", p => ScriptedAnswer.Error(400, "no"), _ => "BadRequest 0+0 told $0: ADDRESS answered 400: no"),
        new("a page of HTML", p => new ScriptedAnswer(200, false, ["<html>Log in</html>"]) { ContentType = "text/html" },
            _ => "Unavailable 0+0 told $0: ADDRESS answered text/html, which no model speaks: is it the right address?"),
        new("no answer at all", p => new ScriptedAnswer(200, p.IsStreamed, [ScriptedAnswer.Hang]),
            _ => "Timeout 0+0 told $0: "),
        new("cut", p => p.IsStreamed ? ModelScripts.Begins(p.Platform, ScriptedAnswer.Cut) : new ScriptedAnswer(200, false, [ModelScripts.Whole(p.Platform).Pieces[0][..60], ScriptedAnswer.Cut]),
            p => (p.IsStreamed, p.IsOpenAI) switch
            {
                (true, true) => "Interrupted 1+1 estimated $0.00000225: The answer broke off.",
                (true, false) => "Interrupted 100+1 told $0.0002145: The answer broke off.",
                (false, true) => "Interrupted 1+0 estimated $0.00000025: The answer broke off.",
                _ => "Interrupted 1+0 estimated $0.000003: The answer broke off.",
            }),
        new("a hang in the middle", p => ModelScripts.Begins(p.Platform, ScriptedAnswer.Hang),
            p => p.IsOpenAI ? "Timeout 1+1 estimated $0.00000225: " : "Timeout 100+1 told $0.0002145: ") { OnlyStreamed = true },
        new("no JSON", p => p.IsStreamed ? ScriptedAnswer.OpenAI("{nonsense") : ScriptedAnswer.Json("{nonsense"), p => p is { IsStreamed: true, IsOpenAI: false } ? "Interrupted 1+0 estimated $0.000003: The answer stopped before its end." : Unreadable("1+0", p.IsOpenAI ? "0.00000025" : "0.000003")),
        new("an end without an end", p => p.IsStreamed ? p.IsOpenAI ? ScriptedAnswer.OpenAI(OpenAIStart) : new ScriptedAnswer(200, true, [.. ModelScripts.Hello("anthropic").Pieces.Take(3)]) : ScriptedAnswer.Json("{}"), p => (p.IsStreamed, p.IsOpenAI) switch
            {
                (true, true) => "Interrupted 1+1 estimated $0.00000225: The answer stopped before its end.",
                (true, false) => "Interrupted 100+1 told $0.0002145: The answer stopped before its end.",
                _ => Unreadable("1+0", p.IsOpenAI ? "0.00000025" : "0.000003"),
            }),
        new("usage that is text", p => WithUsage(p, "\"a lot\""), Spoilt),
        new("usage with text for counts", p => WithUsage(p, p.IsOpenAI ? """{"prompt_tokens":"many","completion_tokens":"few","total_tokens":"x"}""" : """{"input_tokens":"many","output_tokens":"few"}"""), Spoilt),
        new("usage below zero", p => WithUsage(p, p.IsOpenAI ? """{"prompt_tokens":-5,"completion_tokens":-1,"total_tokens":-6}""" : """{"input_tokens":-5,"output_tokens":-1}"""), Guessed),
        new("usage beyond belief", p => WithUsage(p, p.IsOpenAI ? """{"prompt_tokens":2000000001,"completion_tokens":1,"total_tokens":2000000002}""" : """{"input_tokens":2000000001,"output_tokens":1}"""), Guessed),
        new("no usage", p => WithUsage(p, "null"), p => p.IsOpenAI ? Guessed(p) : Spoilt(p)),
    ];

    private readonly ConcurrentQueue<LlmCall> _calls = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ScriptedModelServer? _server;
    private ChatClients? _clients;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, bool>();
            foreach (var fault in Faults)
            {
                foreach (var model in (string[])[ModelScripts.OpenAI, ModelScripts.Anthropic])
                {
                    cases.Add(fault.Name, model, true);
                    if (!fault.OnlyStreamed)
                        cases.Add(fault.Name, model, false);
                }
            }

            return cases;
        }
    }

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = "sk-x",
            ["OPENAI_BASE_URL"] = new Uri(_server.Address, "/v1").ToString(),
            ["ANTHROPIC_API_KEY"] = "sk-x",
            ["ANTHROPIC_BASE_URL"] = _server.Address.ToString(),
        }).Build();
        _clients = new ChatClients(LlmOptions.Read(configuration), PriceTable.Shipped(), _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _clients!.Dispose();
        await _server!.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_fault_ends_in_its_status_its_spend_and_a_clear_error(string name, string model, bool isStreamed)
    {
        var fault = Faults.Single(f => f.Name == name);
        var at = new Place(model[..model.IndexOf('/', StringComparison.Ordinal)], isStreamed);
        _server!.Then(fault.Answer(at));
        var asked = AskAsync(_clients!.GetOnce(Name(model), _calls.Enqueue), isStreamed);
        if (fault.Hangs)
        {
            await (isStreamed && name != "no answer at all" ? _begun.Task.WaitAsync(Token) : Programs.UntilAsync(() => Task.FromResult(!_server.Requests.IsEmpty), "the request is there"));
            for (; !asked.IsCompleted; await Task.Yield())
                _clock.Advance(TimeSpan.FromSeconds(61));
        }

        var told = await asked;
        var call = Assert.Single(_calls);
        Assert.Equal(told.StartsWith("Ok", StringComparison.Ordinal) ? LlmCallStatus.Ok : LlmCallStatus.Error, call.Status);
        Assert.Equal(call.Error ?? "Ok", told[..told.IndexOf(':', StringComparison.Ordinal)]);
        var found = string.Create(
            CultureInfo.InvariantCulture,
            $"{call.Error ?? "Ok"} {call.Tokens.Input}+{call.Tokens.Output} {(call.Estimated ? "estimated" : "told")} ${call.CostUsd:0.#########}: {told[(told.IndexOf(':', StringComparison.Ordinal) + 2)..]}");
        found = found.Replace(_server.Address.Authority, "ADDRESS", StringComparison.Ordinal);

        // Which exception a library throws is its own affair, and which of two limits ends a hang the clock's.
        if (fault.Hangs || found.StartsWith("Malformed", StringComparison.Ordinal))
            Assert.StartsWith(fault.Expected(at), found, StringComparison.Ordinal);
        else
            Assert.Equal(fault.Expected(at), found);
    }

    private async Task<string> AskAsync(IChatClient client, bool isStreamed)
    {
        try
        {
            return "Ok: " + (isStreamed
                ? string.Concat(await client.GetStreamingResponseAsync("Hi", cancellationToken: Token).Select(Begun).ToListAsync(Token))
                : (await client.GetResponseAsync("Hi", cancellationToken: Token)).Text);
        }
        catch (LlmException e)
        {
            return $"{e.Kind}: {e.Message}";
        }
    }

    private static ModelName Name(string model) => ModelName.TryParse(model, out var name) ? name : throw new ArgumentException(model);

    private string Begun(ChatResponseUpdate update)
    {
        if (update.Text.Length > 0)
            _begun.TrySetResult();
        return update.Text;
    }

    // The library of each reads the whole answer before it hands any of it on, and gives it up for its usage; of a stream of OpenAI's, whose
    // usage comes after its end, the answer is kept.
    private static string Spoilt(Place at) => (at.IsStreamed, at.IsOpenAI) switch
    {
        (true, true) => Guessed(at),
        (true, false) => Unreadable("100+2", "0.0002295"),
        _ => Unreadable("1+0", at.IsOpenAI ? "0.00000025" : "0.000003"),
    };

    // Counts that cannot be right are none: two tokens for "Hello", one for "Hel"; of Anthropic's stream the start had told its input.
    private static string Guessed(Place at) => (at.IsStreamed, at.IsOpenAI) switch
    {
        (true, true) => "Ok 1+1 estimated $0.00000225: Hel",
        (true, false) => "Ok 100+2 estimated $0.0002295: Hello",
        (false, true) => "Ok 1+2 estimated $0.00000425: Hello",
        _ => "Ok 1+2 estimated $0.000033: Hello",
    };

    private static string Unreadable(string tokens, string dollars) => $"Malformed {tokens} estimated ${dollars}: The provider's answer could not be understood";

    private static ScriptedAnswer WithUsage(Place at, string usage)
    {
        if (!at.IsStreamed)
        {
            var whole = ModelScripts.Whole(at.Platform).Pieces[0];
            return ScriptedAnswer.Json(string.Concat(whole.AsSpan(0, whole.IndexOf("\"usage\":", StringComparison.Ordinal)), $"\"usage\":{usage}}}"));
        }

        return at.IsOpenAI
            ? ScriptedAnswer.OpenAI(OpenAIStart, OpenAIStop, $$"""{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini-2025-08-07","choices":[],"usage":{{usage}}}""")
            : new ScriptedAnswer(200, true,
                [.. ModelScripts.Hello("anthropic").Pieces.Select(p => p.Contains("message_delta", StringComparison.Ordinal) ? p.Replace("""{"output_tokens":20}""", usage, StringComparison.Ordinal) : p)]);
    }

    private sealed record Place(string Platform, bool IsStreamed)
    {
        public bool IsOpenAI => Platform == "openai";
    }

    private sealed record Fault(string Name, Func<Place, ScriptedAnswer> Answer, Func<Place, string> Expected)
    {
        public bool OnlyStreamed { get; init; }

        public bool Hangs => Name is "no answer at all" or "a hang in the middle";
    }
}
