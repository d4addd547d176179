using System.Buffers.Text;
using System.Globalization;
using System.Text;
using OsMEN.Executions.Usage;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.OpenApi;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Usage;

/// <summary>Tokens and dollars. A user sees what it asked for itself, every other role everything.</summary>
internal static class UsageApi
{
    private const int MaxCsvRows = 100_000;
    private const int LongestGroup = 1000;
    private static readonly TimeSpan DefaultSpan = TimeSpan.FromDays(30);

    private static readonly QueryParameter<UsageGroup?> By = QueryParameter.OneOf("group_by", "What a row stands for; agent unless told", Enum.GetValues<UsageGroup>(), UsageView.Name);
    private static readonly QueryParameter<DateTimeOffset?> Since = QueryParameter.Time("since", "Calls then or later; of the 30 days before the end unless told");
    private static readonly QueryParameter<DateTimeOffset?> Until = QueryParameter.Time("until", "Calls before; now unless told");
    private static readonly QueryParameter<string?> After = QueryParameter.Cursor(TryCursor);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(1000, 1000);

    public static void MapUsageApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/usage").RequireAuthorization(Policies.Read).WithTags("Usage");
        api.MapGet("", ReadAsync).WithName("ReadUsage").WithSummary("Tokens and dollars by agent, user, model, platform or day")
            .WithDescription(
                "Failed and repeated calls count too. `unpriced_tokens` are those of models without a price, `estimated_tokens` those that no provider told. Revenue and margin where an agent has a price. With `Accept: text/csv`, CSV of all rows.")
            .Takes(By, Since, Until, After, Limit).AnswersAlso("text/csv").Produces<Page<RawJson>>().ProducesProblems(503);
        api.MapGet("/projection", ProjectAsync).WithName("ProjectUsage").WithSummary("What today and this month have cost, and will")
            .WithDescription(
                "By days of UTC. `method` says how days to come are estimated: `weekday_mean_28d` (the mean of that weekday in the last 28 days), `workday_mean_28d` (of working days or weekends, with one to two weeks of " +
                "history), `daily_mean` (of all days, with less than a week), `run_rate` (today's pace, without any) or `none`.")
            .Produces<ProjectionView>().ProducesProblems(503);
    }

    private static async Task<IResult> ReadAsync(HttpContext context, UsageReader reader, TimeProvider time, CancellationToken cancellationToken)
    {
        var until = Until.Of(context) ?? time.GetUtcNow().AddMinutes(1);
        var query = new UsageQuery
        {
            By = By.Of(context) ?? UsageGroup.Agent,
            Since = Since.Of(context) ?? until - DefaultSpan,
            Until = until,
            User = OnlyUser(context),
            After = After.Of(context),
            Limit = Limit.Of(context)!.Value,
        };
        if (query.Since >= until)
            return ProblemResponse.Invalid(Since.Name, "must be before until");
        if (context.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals("text/csv", StringComparison.OrdinalIgnoreCase)))
        {
            var all = await reader.ReadAsync(query with { Limit = MaxCsvRows }, cancellationToken);
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"usage-by-{UsageView.Name(query.By)}.csv\"";
            return TypedResults.Text(UsageView.Csv(query.By, all), "text/csv", Encoding.UTF8);
        }

        // One more than asked for tells whether there is a next page.
        var rows = await reader.ReadAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        var items = rows.Take(query.Limit).Select(r => UsageView.Json(query.By, r)).ToArray();
        return TypedResults.Ok(new Page<RawJson>(
            items, rows.Count > query.Limit ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(rows[query.Limit - 1].Group)) : null));
    }

    /// <summary>Whose usage alone the key may see; null where it may see everybody's.</summary>
    public static string? OnlyUser(ApiKey key) => key.Role == Role.User ? key.User : null;

    /// <param name="user">Null for everybody's.</param>
    public static async Task<ProjectionView> EstimateAsync(UsageReader reader, string? user, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = await reader.ReadAsync(
            new UsageQuery
            {
                By = UsageGroup.Day,
                Since = new DateTimeOffset(now.UtcDateTime.Date.AddDays(-31), TimeSpan.Zero),
                Until = now.AddDays(1),
                User = user,
            },
            cancellationToken);
        var costs = rows.ToDictionary(r => DateOnly.ParseExact(r.Group, "yyyy-MM-dd", CultureInfo.InvariantCulture), r => r.CostUsd);
        var projection = Projection.Of(costs, now);
        return new ProjectionView(
            new TodayView(ExecutionView.Dollars(projection.TodayUsd), ExecutionView.Dollars(projection.TodayProjectedUsd)),
            new MonthView(ExecutionView.Dollars(projection.MonthUsd), ExecutionView.Dollars(projection.MonthProjectedUsd), projection.Method));
    }

    private static async Task<IResult> ProjectAsync(HttpContext context, UsageReader reader, TimeProvider time, CancellationToken cancellationToken) =>
        TypedResults.Ok(await EstimateAsync(reader, OnlyUser(context), time.GetUtcNow(), cancellationToken));

    private static string? OnlyUser(HttpContext context) => OnlyUser(ApiKeyAuthentication.KeyOf(context));

    private static string? TryCursor(string text)
    {
        if (text.Length > LongestGroup * 4 || !Base64Url.IsValid(text))
            return null;
        var group = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        return group.Length is >= 1 and <= LongestGroup && !group.Any(char.IsControl) ? group : null;
    }
}
