using OsMEN.Llm;

namespace OsMEN.Tests.Llm.Prices;

/// <summary>
/// What providers say a call has used, and what it costs. Each sum stands above its case: tokens x dollars a million tokens, divided by a
/// million and rounded to nine places. The prices are the providers' list prices of 2026-07-24 (see Llm/Prices/prices.json).
/// </summary>
internal static class PricingCases
{
    public static readonly IReadOnlyList<PricingCase> All =
    [
        // 1,000 x 2.5 (input) + 500 x 10 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("plain", "openai/gpt-4o", ServiceTier.Standard, 0.0075m,
            """{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 976 x 2.5 (input) + 1,024 x 1.25 (cached) + 100 x 10 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("half of the input cached", "openai/gpt-4o", ServiceTier.Standard, 0.00472m,
            """{"prompt_tokens":2000,"completion_tokens":100,"total_tokens":2100,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 1,152 x 0.075 (cached) + 1 x 0.6 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("all of the input cached", "openai/gpt-4o-mini", ServiceTier.Standard, 0.000087m,
            """{"prompt_tokens":1152,"completion_tokens":1,"total_tokens":1153,"prompt_tokens_details":{"cached_tokens":1152,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 123 x 0.15 (input) + 45 x 0.6 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("a dated name", "openai/gpt-4o-mini-2024-07-18", ServiceTier.Standard, 0.00004545m,
            """{"prompt_tokens":123,"completion_tokens":45,"total_tokens":168,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 60 x 0.25 (input) + 40 x 0.025 (cached) + 20 x 2 (output, reasoning in it); dollars a million tokens: platform.openai.com/docs/pricing
        new("a dated name that stands under its undated one", "openai/gpt-5-mini-2025-08-07", ServiceTier.Standard, 0.000056m,
            """{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":40,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":8,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 75 x 2 (input) + 1,186 x 8 (output, reasoning in it); dollars a million tokens: platform.openai.com/docs/pricing
        new("reasoning costs what output does", "openai/o3", ServiceTier.Standard, 0.009638m,
            """{"prompt_tokens":75,"completion_tokens":1186,"total_tokens":1261,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":1024,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 904 x 1.1 (input) + 4,096 x 0.275 (cached) + 900 x 4.4 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("o4-mini with cache and reasoning", "openai/o4-mini", ServiceTier.Standard, 0.0060808m,
            """{"prompt_tokens":5000,"completion_tokens":900,"total_tokens":5900,"prompt_tokens_details":{"cached_tokens":4096,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":640,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 10 x 1.1 (input) + 10 x 4.4 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("o3-mini", "openai/o3-mini", ServiceTier.Standard, 0.000055m,
            """{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 1,000 x 20 (input) + 2,000 x 80 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("o3-pro", "openai/o3-pro", ServiceTier.Standard, 0.18m,
            """{"prompt_tokens":1000,"completion_tokens":2000,"total_tokens":3000,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":1500,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 10,000 x 2 (input) + 90,000 x 0.5 (cached) + 1,000 x 8 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-4.1", "openai/gpt-4.1", ServiceTier.Standard, 0.073m,
            """{"prompt_tokens":100000,"completion_tokens":1000,"total_tokens":101000,"prompt_tokens_details":{"cached_tokens":90000,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 1 x 0.1 (input) + 1 x 0.4 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-4.1-nano, one token each", "openai/gpt-4.1-nano", ServiceTier.Standard, 0.0000005m,
            """{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 4,193 x 1.25 (input) + 128 x 0.125 (cached) + 1,234 x 10 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5", "openai/gpt-5", ServiceTier.Standard, 0.01759725m,
            """{"prompt_tokens":4321,"completion_tokens":1234,"total_tokens":5555,"prompt_tokens_details":{"cached_tokens":128,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":1000,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 3 x 0.005 (cached) + 1 x 0.4 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5-nano, rounded to a billionth", "openai/gpt-5-nano", ServiceTier.Standard, 0.000000415m,
            """{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 1,000 x 15 (input, cached too) + 10 x 120 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5-pro has no cached price: cached is input", "openai/gpt-5-pro", ServiceTier.Standard, 0.0162m,
            """{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010,"prompt_tokens_details":{"cached_tokens":500,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 800 x 0.625 (flex input) + 200 x 0.0625 (flex cached) + 1,000 x 5 (flex output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5 at the flex tier", "openai/gpt-5", ServiceTier.Flex, 0.0055125m,
            """{"prompt_tokens":1000,"completion_tokens":1000,"total_tokens":2000,"prompt_tokens_details":{"cached_tokens":200,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 800 x 0.45 (priority input) + 200 x 0.045 (priority cached) + 1,000 x 3.6 (priority output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5-mini at the priority tier", "openai/gpt-5-mini", ServiceTier.Priority, 0.003969m,
            """{"prompt_tokens":1000,"completion_tokens":1000,"total_tokens":2000,"prompt_tokens_details":{"cached_tokens":200,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 100 x 1 (flex input) + 1,000 x 4 (flex output); dollars a million tokens: platform.openai.com/docs/pricing
        new("reasoning at the flex tier costs what flex output does", "openai/o3", ServiceTier.Flex, 0.0041m,
            """{"prompt_tokens":100,"completion_tokens":1000,"total_tokens":1100,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":900,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 10,000 x 1.25 (batch input) + 2,000 x 5 (batch output); dollars a million tokens: platform.openai.com/docs/pricing
        new("a batch", "openai/gpt-4o", ServiceTier.Batch, 0.0225m,
            """{"prompt_tokens":10000,"completion_tokens":2000,"total_tokens":12000,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 100 x 1.1 (input) + 100 x 4.4 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("a tier without prices costs what the standard one does", "openai/o3-mini", ServiceTier.Priority, 0.00055m,
            """{"prompt_tokens":100,"completion_tokens":100,"total_tokens":200,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 272,000 x 2.5 (input) + 100 x 15 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5.4 at the threshold is not above it", "openai/gpt-5.4", ServiceTier.Standard, 0.6815m,
            """{"prompt_tokens":272000,"completion_tokens":100,"total_tokens":272100,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 272,001 x 5 (input above 272k) + 100 x 22.5 (output above 272k); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5.4 one token above the threshold: the whole call", "openai/gpt-5.4", ServiceTier.Standard, 1.362255m,
            """{"prompt_tokens":272001,"completion_tokens":100,"total_tokens":272101,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 10,000 x 5 (input above 272k) + 290,000 x 0.5 (cached above 272k) + 1,000 x 22.5 (output above 272k); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5.4 above the threshold, mostly cached", "openai/gpt-5.4", ServiceTier.Standard, 0.2175m,
            """{"prompt_tokens":300000,"completion_tokens":1000,"total_tokens":301000,"prompt_tokens_details":{"cached_tokens":290000,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 500 x 1.25 (flex input) + 500 x 0.13 (flex cached) + 100 x 7.5 (flex output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5.4 flex", "openai/gpt-5.4", ServiceTier.Flex, 0.00144m,
            """{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_tokens_details":{"cached_tokens":500,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 1,000 x 5 (input) + 1,000 x 0.5 (cached) + 3,000 x 6.25 (cache write) + 100 x 30 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5.6 bills what is written to its cache", "openai/gpt-5.6", ServiceTier.Standard, 0.02725m,
            """{"prompt_tokens":5000,"completion_tokens":100,"total_tokens":5100,"prompt_tokens_details":{"cached_tokens":1000,"audio_tokens":0,"cache_write_tokens":3000},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 50,000 x 10 (input above 272k) + 100,000 x 1 (cached above 272k) + 150,000 x 12.5 (cache write above 272k) + 1,000 x 45 (output above 272k); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-5.6 above 272k, written and read", "openai/gpt-5.6", ServiceTier.Standard, 2.52m,
            """{"prompt_tokens":300000,"completion_tokens":1000,"total_tokens":301000,"prompt_tokens_details":{"cached_tokens":100000,"audio_tokens":0,"cache_write_tokens":150000},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 200 x 2.5 (text in) + 800 x 40 (audio in) + 100 x 10 (text out) + 400 x 80 (audio out); dollars a million tokens: platform.openai.com/docs/pricing
        new("spoken input and output", "openai/gpt-4o-audio-preview", ServiceTier.Standard, 0.0655m,
            """{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":800},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":400,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 20 x 2.5 (text in) + 100 x 32 (audio in) + 60 x 64 (audio out); dollars a million tokens: platform.openai.com/docs/pricing
        new("gpt-audio", "openai/gpt-audio", ServiceTier.Standard, 0.00709m,
            """{"prompt_tokens":120,"completion_tokens":60,"total_tokens":180,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":100},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":60,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 476 x 1.25 (input) + 1,024 x 0.125 (cached) + 700 x 10 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("the responses API's names", "openai/gpt-5.1", ServiceTier.Standard, 0.007723m,
            """{"input_tokens":1500,"input_tokens_details":{"cached_tokens":1024},"output_tokens":700,"output_tokens_details":{"reasoning_tokens":512},"total_tokens":2200}"""),
        // 10 x 0.4 (input) + 20 x 1.6 (output); dollars a million tokens: platform.openai.com/docs/pricing
        new("the responses API without details", "openai/gpt-4.1-mini", ServiceTier.Standard, 0.000036m,
            """{"input_tokens":10,"output_tokens":20,"total_tokens":30}"""),
        // 8,191 x 0.02 (input); dollars a million tokens: platform.openai.com/docs/pricing
        new("embeddings have only input", "openai/text-embedding-3-small", ServiceTier.Standard, 0.00016382m,
            """{"prompt_tokens":8191,"total_tokens":8191}"""),
        // 100 x 1.25 (cached); dollars a million tokens: platform.openai.com/docs/pricing; a provider's slip: no token is charged twice
        new("more cached than sent is what was sent", "openai/gpt-4o", ServiceTier.Standard, 0.000125m,
            """{"prompt_tokens":100,"completion_tokens":0,"total_tokens":100,"prompt_tokens_details":{"cached_tokens":500,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"""),
        // 900 x 2.5 (cached, without a price of its own) + 100 x 40 (audio in); dollars a million tokens: platform.openai.com/docs/pricing
        new("cached audio is charged once", "openai/gpt-4o-audio-preview", ServiceTier.Standard, 0.00625m,
            """{"prompt_tokens":1000,"completion_tokens":0,"total_tokens":1000,"prompt_tokens_details":{"cached_tokens":900,"audio_tokens":1000,"cached_tokens_details":{"audio_tokens":900}}}"""),
        // 1,000 x 3 (input) + 500 x 15 (output); dollars a million tokens: docs.claude.com pricing
        new("plain", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.0105m,
            """{"input_tokens":1000,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":500,"service_tier":"standard"}"""),
        // 50 x 3 (input) + 40 x 0.3 (read) + 10 x 3.75 (written) + 20 x 15 (output); dollars a million tokens: docs.claude.com pricing
        new("input comes without the cache's tokens", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.0004995m,
            """{"input_tokens":50,"cache_creation_input_tokens":10,"cache_read_input_tokens":40,"output_tokens":20,"service_tier":"standard"}"""),
        // 21 x 3 (input) + 188,086 x 0.3 (read) + 393 x 15 (output); dollars a million tokens: docs.claude.com pricing
        new("a dated name", "anthropic/claude-sonnet-4-5-20250929", ServiceTier.Standard, 0.0623838m,
            """{"input_tokens":21,"cache_creation_input_tokens":0,"cache_read_input_tokens":188086,"output_tokens":393,"service_tier":"standard"}"""),
        // 100 x 3 (input) + 2,000 x 6 (written for an hour) + 10 x 15 (output); dollars a million tokens: docs.claude.com pricing
        new("written for an hour", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.01245m,
            """{"input_tokens":100,"cache_creation_input_tokens":2000,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":2000},"output_tokens":10,"service_tier":"standard"}"""),
        // 2,048 x 5 (input) + 1,800 x 0.5 (read) + 148 x 6.25 (written for 5 min) + 100 x 10 (written for an hour) + 503 x 25 (output); dollars a million tokens: docs.claude.com pricing
        new("written for five minutes and for an hour", "anthropic/claude-opus-4-5", ServiceTier.Standard, 0.02564m,
            """{"input_tokens":2048,"cache_creation_input_tokens":248,"cache_read_input_tokens":1800,"cache_creation":{"ephemeral_5m_input_tokens":148,"ephemeral_1h_input_tokens":100},"output_tokens":503,"service_tier":"standard"}"""),
        // 5 x 1 (input) + 1,000 x 1.25 (written for 5 min) + 500 x 2 (written for an hour) + 7 x 5 (output); dollars a million tokens: docs.claude.com pricing
        new("the parts of what was written without their sum", "anthropic/claude-haiku-4-5", ServiceTier.Standard, 0.00229m,
            """{"input_tokens":5,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":500},"output_tokens":7}"""),
        // 1,000 x 6 (input above 200k) + 199,001 x 0.6 (read above 200k) + 100 x 22.5 (output above 200k); dollars a million tokens: docs.claude.com pricing; 1,000 + 199,001 is above 200,000
        new("the cache counts towards the threshold", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.1276506m,
            """{"input_tokens":1000,"cache_creation_input_tokens":0,"cache_read_input_tokens":199001,"output_tokens":100,"service_tier":"standard"}"""),
        // 1,000 x 3 (input) + 199,000 x 0.3 (read) + 100 x 15 (output); dollars a million tokens: docs.claude.com pricing
        new("at the threshold it is not above", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.0642m,
            """{"input_tokens":1000,"cache_creation_input_tokens":0,"cache_read_input_tokens":199000,"output_tokens":100,"service_tier":"standard"}"""),
        // 10 x 6 (input above 200k) + 200,000 x 7.5 (written for 5 min above 200k) + 50,000 x 12 (written for an hour above 200k) + 1,000 x 22.5 (output above 200k); dollars a million tokens: docs.claude.com pricing
        new("written above the threshold, for five minutes and an hour", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 2.12256m,
            """{"input_tokens":10,"cache_creation_input_tokens":250000,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":200000,"ephemeral_1h_input_tokens":50000},"output_tokens":1000,"service_tier":"standard"}"""),
        // 500,000 x 5 (input) + 100 x 25 (output); dollars a million tokens: docs.claude.com pricing
        new("opus 5 has no threshold", "anthropic/claude-opus-5", ServiceTier.Standard, 2.5025m,
            """{"input_tokens":500000,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":100,"service_tier":"standard"}"""),
        // 100 x 15 (input) + 1,000 x 1.5 (read) + 1,000 x 18.75 (written) + 100 x 75 (output); dollars a million tokens: docs.claude.com pricing
        new("opus 4.1", "anthropic/claude-opus-4-1", ServiceTier.Standard, 0.02925m,
            """{"input_tokens":100,"cache_creation_input_tokens":1000,"cache_read_input_tokens":1000,"output_tokens":100,"service_tier":"standard"}"""),
        // 3 x 1 (input) + 1 x 5 (output); dollars a million tokens: docs.claude.com pricing
        new("haiku 4.5", "anthropic/claude-haiku-4-5", ServiceTier.Standard, 0.000008m,
            """{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}"""),
        // 777 x 2 (input) + 10,000 x 0.2 (read) + 333 x 10 (output); dollars a million tokens: docs.claude.com pricing
        new("sonnet 5", "anthropic/claude-sonnet-5", ServiceTier.Standard, 0.006884m,
            """{"input_tokens":777,"cache_creation_input_tokens":0,"cache_read_input_tokens":10000,"output_tokens":333,"service_tier":"standard"}"""),
        // 6,039 x 3 (input) + 931 x 15 (output) + 3 x 10000 (searches, $10 a thousand); dollars a million tokens: docs.claude.com pricing
        new("searches of the web", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.062082m,
            """{"input_tokens":6039,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":931,"server_tool_use":{"web_search_requests":3},"service_tier":"standard"}"""),
        // 9 x 3 (input) + 3 x 15 (output); dollars a million tokens: docs.claude.com pricing
        new("nulls are no counts", "anthropic/claude-sonnet-4-5", ServiceTier.Standard, 0.000072m,
            """{"input_tokens":9,"cache_creation_input_tokens":null,"cache_read_input_tokens":null,"output_tokens":3}"""),
        // 1,000 x 0.3 (input) + 200 x 2.5 (output) + 800 x 2.5 (thoughts); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("thoughts are beside the candidates", "gemini/gemini-2.5-flash", ServiceTier.Standard, 0.0028m,
            """{"promptTokenCount":1000,"candidatesTokenCount":200,"thoughtsTokenCount":800,"totalTokenCount":2000}"""),
        // 200,000 x 1.25 (input) + 1,500 x 10 (output and thoughts); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("pro below the threshold", "gemini/gemini-2.5-pro", ServiceTier.Standard, 0.265m,
            """{"promptTokenCount":200000,"candidatesTokenCount":1000,"thoughtsTokenCount":500,"totalTokenCount":201500}"""),
        // 200,001 x 2.5 (input above 200k) + 1,500 x 15 (output and thoughts above 200k); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("pro above the threshold: thoughts too", "gemini/gemini-2.5-pro", ServiceTier.Standard, 0.5225025m,
            """{"promptTokenCount":200001,"candidatesTokenCount":1000,"thoughtsTokenCount":500,"totalTokenCount":201501}"""),
        // 10,000 x 2.5 (input above 200k) + 240,000 x 0.25 (cached above 200k) + 100 x 15 (output above 200k); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("pro above the threshold, cached", "gemini/gemini-2.5-pro", ServiceTier.Standard, 0.0865m,
            """{"promptTokenCount":250000,"candidatesTokenCount":100,"cachedContentTokenCount":240000,"totalTokenCount":250100}"""),
        // 500 x 0.3 (text in) + 1,000 x 1 (audio in) + 50 x 2.5 (output); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("spoken input", "gemini/gemini-2.5-flash", ServiceTier.Standard, 0.001275m,
            """{"promptTokenCount":1500,"candidatesTokenCount":50,"totalTokenCount":1550,"promptTokensDetails":[{"modality":"TEXT","tokenCount":500},{"modality":"AUDIO","tokenCount":1000}]}"""),
        // 500 x 0.3 (input, tools' in it) + 20 x 2.5 (output); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("what its tools put into the prompt", "gemini/gemini-2.5-flash", ServiceTier.Standard, 0.0002m,
            """{"promptTokenCount":100,"candidatesTokenCount":20,"toolUsePromptTokenCount":400,"totalTokenCount":520}"""),
        // 2,000 x 0.1 (input) + 8,000 x 0.01 (cached) + 10 x 0.4 (output); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("flash-lite, cached", "gemini/gemini-2.5-flash-lite", ServiceTier.Standard, 0.000284m,
            """{"promptTokenCount":10000,"candidatesTokenCount":10,"cachedContentTokenCount":8000,"totalTokenCount":10010}"""),
        // 210,000 x 7.2 (priority input above 200k) + 1,000 x 32.4 (priority output above 200k); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("3 pro at the priority tier above the threshold", "gemini/gemini-3-pro-preview", ServiceTier.Priority, 1.5444m,
            """{"promptTokenCount":210000,"candidatesTokenCount":1000,"totalTokenCount":211000}"""),
        // 1,000 x 1 (batch input) + 1,000 x 6 (batch output); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("3 pro in a batch", "gemini/gemini-3-pro-preview", ServiceTier.Batch, 0.007m,
            """{"promptTokenCount":1000,"candidatesTokenCount":1000,"totalTokenCount":2000}"""),
        // 1,000 x 0.125 (flex input) + 400 x 0.75 (flex output and thoughts); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("3.1 flash-lite at the flex tier: thoughts cost what flex output does", "gemini/gemini-3.1-flash-lite", ServiceTier.Flex, 0.000425m,
            """{"promptTokenCount":1000,"candidatesTokenCount":100,"thoughtsTokenCount":300,"totalTokenCount":1400}"""),
        // 100 x 0.3 (input) + 50 x 2.5 (output) + 300 x 2.5 (thoughts: 450 - 100 - 50); dollars a million tokens: ai.google.dev/gemini-api/docs/pricing
        new("by its OpenAI form, where the total shows the thoughts", "gemini/gemini-2.5-flash", ServiceTier.Standard, 0.000905m,
            """{"prompt_tokens":100,"completion_tokens":50,"total_tokens":450}"""),
        // 1,000 x 0.28 (miss) + 3,000 x 0.028 (hit) + 500 x 0.42 (output); dollars a million tokens: api-docs.deepseek.com/quick_start/pricing
        new("hits and misses", "deepseek/deepseek-chat", ServiceTier.Standard, 0.000574m,
            """{"prompt_tokens":4000,"completion_tokens":500,"total_tokens":4500,"prompt_cache_hit_tokens":3000,"prompt_cache_miss_tokens":1000,"completion_tokens_details":{"reasoning_tokens":0}}"""),
        // 17 x 0.28 (miss) + 9 x 0.42 (output); dollars a million tokens: api-docs.deepseek.com/quick_start/pricing
        new("all missed", "deepseek/deepseek-chat", ServiceTier.Standard, 0.00000854m,
            """{"prompt_tokens":17,"completion_tokens":9,"total_tokens":26,"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":17,"completion_tokens_details":{"reasoning_tokens":0}}"""),
        // 36 x 0.28 (miss) + 64 x 0.028 (hit) + 2,000 x 0.42 (output, reasoning in it); dollars a million tokens: api-docs.deepseek.com/quick_start/pricing
        new("reasoner", "deepseek/deepseek-reasoner", ServiceTier.Standard, 0.000851872m,
            """{"prompt_tokens":100,"completion_tokens":2000,"total_tokens":2100,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens_details":{"reasoning_tokens":1800}}"""),
        // 10 x 0.435 (miss) + 1,001 x 0.003625 (hit) + 10 x 0.87 (output); dollars a million tokens: api-docs.deepseek.com/quick_start/pricing
        new("v4 pro, a price of five digits, rounded to a billionth", "deepseek/deepseek-v4-pro", ServiceTier.Standard, 0.000016679m,
            """{"prompt_tokens":1011,"completion_tokens":10,"total_tokens":1021,"prompt_cache_hit_tokens":1001,"prompt_cache_miss_tokens":10,"completion_tokens_details":{"reasoning_tokens":0}}"""),
        // 1,000 x 0.14 (miss) + 500,000 x 0.0028 (hit) + 1,000 x 0.28 (output); dollars a million tokens: api-docs.deepseek.com/quick_start/pricing
        new("v4 flash", "deepseek/deepseek-v4-flash", ServiceTier.Standard, 0.00182m,
            """{"prompt_tokens":501000,"completion_tokens":1000,"total_tokens":502000,"prompt_cache_hit_tokens":500000,"prompt_cache_miss_tokens":1000,"completion_tokens_details":{"reasoning_tokens":0}}"""),
        // 10,000 x 0.5 (input) + 2,000 x 1.5 (output); dollars a million tokens: mistral.ai/pricing
        new("large", "mistral/mistral-large-latest", ServiceTier.Standard, 0.008m,
            """{"prompt_tokens":10000,"completion_tokens":2000,"total_tokens":12000}"""),
        // 12 x 0.4 (input) + 34 x 2 (output); dollars a million tokens: mistral.ai/pricing
        new("medium", "mistral/mistral-medium-2508", ServiceTier.Standard, 0.0000728m,
            """{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}"""),
        // 999 x 0.3 (input) + 1 x 0.9 (output); dollars a million tokens: mistral.ai/pricing
        new("codestral", "mistral/codestral-2508", ServiceTier.Standard, 0.0003006m,
            """{"prompt_tokens":999,"completion_tokens":1,"total_tokens":1000}"""),
        // 100 x 2 (input) + 5,000 x 5 (output); dollars a million tokens: mistral.ai/pricing
        new("magistral", "mistral/magistral-medium-latest", ServiceTier.Standard, 0.0252m,
            """{"prompt_tokens":100,"completion_tokens":5000,"total_tokens":5100}"""),
        // 7 x 0.1 (input) + 7 x 0.1 (output); dollars a million tokens: mistral.ai/pricing
        new("ministral", "mistral/ministral-3-3b-2512", ServiceTier.Standard, 0.0000014m,
            """{"prompt_tokens":7,"completion_tokens":7,"total_tokens":14}"""),
        // 0; dollars a million tokens: runs on one's own machine
        new("a local model is free", "ollama/qwen3:8b", ServiceTier.Standard, 0m,
            """{"prompt_tokens":1000,"completion_tokens":1000,"total_tokens":2000}"""),
        // 0; dollars a million tokens: runs on one's own machine
        new("offline is free", "offline/extractive", ServiceTier.Standard, 0m,
            """{"prompt_tokens":1000,"completion_tokens":1000,"total_tokens":2000}"""),
    ];
}

internal sealed record PricingCase(string Name, string Model, ServiceTier Tier, decimal Dollars, string Usage)
{
    public override string ToString() => $"{Model}: {Name}";
}
