using System.Buffers.Text;
using System.Globalization;
using System.Text;
using OsMEN.Executions.Analytics;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Analytics;

/// <summary>The database's views as pages of JSON. Totals are for every role; of the rows about people a user sees its own.</summary>
internal static class AnalyticsApi
{
    private const int LongestKey = 1000;
    private static readonly QueryParameter<string?> After = QueryParameter.Cursor(TryCursor);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(1000, 1000);
    private static readonly string Names = string.Join(", ", AnalyticsViews.All.Select(v => v.Name));

    public static void MapAnalyticsApi(this IEndpointRouteBuilder app)
    {
        var views = string.Join("\n", AnalyticsViews.All.Select(v => $"- `{v.Name}`: {v.Summary}. {string.Join(", ", v.Columns.Select(c => c.Name))}"));
        app.MapGet("/api/v1/analytics/{view}", ReadAsync).RequireAuthorization(Policies.Read).WithTags("Analytics").WithName("ReadAnalytics")
            .WithSummary("One of the five views of the database, by its first column")
            .WithDescription($"{views}\n\nTimes are seconds, rates 0 to 1, cost dollars.")
            .Takes(After, Limit).Produces<Page<RawJson>>().ProducesProblems(404, 503);
    }

    private static async Task<IResult> ReadAsync(string view, HttpContext context, AnalyticsReader reader, CancellationToken cancellationToken)
    {
        if (AnalyticsViews.Find(view) is not { } found)
            return ProblemResponse.NotFound($"There is no such view; there are: {Names}.");
        var query = new AnalyticsQuery { View = found, After = After.Of(context), Limit = Limit.Of(context)!.Value };
        if (query.After is { } date && found.Key.Kind == AnalyticsColumnKind.Date && !IsDate(date))
            return ProblemResponse.Invalid(After.Name, After.MustBe);
        var key = ApiKeyAuthentication.KeyOf(context);
        if (found == AnalyticsViews.UserActivity && key.Role == Role.User)
            query = query with { Only = key.User };

        // One more than asked for tells whether there is a next page.
        var rows = await reader.ReadAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        var items = rows.Take(query.Limit).Select(r => AnalyticsJson.Write(found, r)).ToArray();
        return TypedResults.Ok(new Page<RawJson>(items, rows.Count > query.Limit ? Cursor(rows[query.Limit - 1][0]!) : null));
    }

    private static string Cursor(object key) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key is DateOnly date ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : (string)key));

    private static string? TryCursor(string text)
    {
        if (text.Length > LongestKey * 4 || !Base64Url.IsValid(text))
            return null;
        var key = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        return key.Length is >= 1 and <= LongestKey && !key.Any(char.IsControl) ? key : null;
    }

    private static bool IsDate(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
