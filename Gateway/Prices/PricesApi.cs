using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.Executions.Prices;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;
using OsMEN.Llm;

namespace OsMEN.Gateway.Prices;

/// <summary>Prices as LiteLLM's file has them. What is put here goes before the table that was shipped.</summary>
internal static class PricesApi
{
    // LiteLLM's whole file has 1.5 MB.
    private const long MaxFile = 16 << 20;
    private const int MostErrors = 20;
    private const int MostNames = 5;

    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly QueryParameter<string?> Source = QueryParameter.OneOf("source", "Your own, or those that were shipped; both unless told", "user", "shipped");

    public static void MapPricesApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/prices").WithTags("Prices");
        api.MapGet("", Get).RequireAuthorization(Policies.Read).WithName("GetPrices").WithSummary("Prices by platform and model")
            .WithDescription("In LiteLLM's keys, dollars a token: your own, and those that were shipped where you have none of that name.")
            .Takes(Source).Produces<RawJson>().ProducesProblems(503);
        api.MapPut("", PutAsync).Audited("prices.put").RequireAuthorization(Policies.Manage).WithName("PutPrices").WithSummary("Merges prices of your own, also LiteLLM's whole file")
            .WithDescription(
                "Names are `platform/model`, patterns such as `openai/gpt-4o*`, or regular expressions from `^` to `$`. An entry may have `effective_from`, a name several entries in an array. " +
                "null removes what you have under a name; a shipped price holds then again. Holds on every gateway and worker within two seconds; what was recorded keeps its cost. Answers your own prices.")
            .Accepts<RawJson>("application/json").Produces<RawJson>().ProducesValidationProblem().ProducesProblems(413, 415, 503);
    }

    private static async Task<IResult> Get(HttpContext context, PriceTable table, UserPrices prices, CancellationToken cancellationToken)
    {
        await prices.RefreshAsync(cancellationToken);
        var own = table.UserEntries.Select(e => e.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        IEnumerable<PriceEntry> entries = Source.Of(context) switch
        {
            "user" => table.UserEntries,
            "shipped" => table.ShippedEntries,
            _ => table.UserEntries.Concat(table.ShippedEntries.Where(e => !own.Contains(e.Name))),
        };
        return TypedResults.Ok(Write(entries));
    }

    private static async Task<IResult> PutAsync(HttpContext context, RequestLimits limits, PriceTable table, UserPrices prices, CancellationToken cancellationToken)
    {
        var (document, problem) = await new RequestBody(limits with { MaxBody = Math.Max(limits.MaxBody, MaxFile) }).ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var content = PriceFile.Read(body.RootElement);
        if (content.Errors.Count > 0)
            return ProblemResponse.Invalid(content.Errors.Take(MostErrors).Select(e => (Shorten(e.Name), e.Error)));
        if (!await prices.MergeAsync(content, cancellationToken))
            return ProblemResponse.Invalid("", $"there would be more than {UserPrices.MaxEntries} prices");
        context.Audit("prices.put", "prices", null, Shown(content));
        return TypedResults.Ok(Write(table.UserEntries));
    }

    // A file of a provider has thousands: the log names the first of each.
    private static JsonObject Shown(PriceFileContent content)
    {
        static JsonNode Names(IEnumerable<string> names) => string.Join(", ", names.Distinct(StringComparer.OrdinalIgnoreCase).Take(MostNames).Select(n => n.Length <= 30 ? n : n[..30]));
        return new JsonObject
        {
            ["set"] = content.Entries.Count == 0 ? null : content.Entries.Count,
            ["set_names"] = content.Entries.Count == 0 ? null : Names(content.Entries.Select(e => e.Name)),
            ["removed"] = content.Removed.Count == 0 ? null : content.Removed.Count,
            ["removed_names"] = content.Removed.Count == 0 ? null : Names(content.Removed),
        };
    }

    // An object by name; a name with several times has an array.
    private static RawJson Write(IEnumerable<PriceEntry> entries)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body, Writing))
        {
            json.WriteStartObject();
            foreach (var name in entries.GroupBy(e => e.Name, StringComparer.OrdinalIgnoreCase).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                var versions = name.ToArray();
                json.WritePropertyName(name.Key);
                if (versions.Length > 1)
                    json.WriteStartArray();
                foreach (var version in versions)
                    json.WriteRawValue(version.Json, skipInputValidation: true);
                if (versions.Length > 1)
                    json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return new RawJson(Encoding.UTF8.GetString(body.ToArray()));
    }

    private static string Shorten(string name) => name.Length <= 100 ? name : name[..100];
}
