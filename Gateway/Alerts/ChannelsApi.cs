using System.Globalization;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Channels;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Alerts;

/// <summary>A channel as the API shows it: without anything that it is configured with.</summary>
/// <param name="State">on, or off.</param>
/// <param name="Unset">The environment variables that would turn it on.</param>
internal sealed record ChannelView(string Name, string Type, string State, IReadOnlyList<string> Unset);

/// <summary>Where alerts are sent; administrators try whether it works.</summary>
internal static class ChannelsApi
{
    public static void MapChannelsApi(this RouteGroupBuilder api)
    {
        api.MapGet("/channels", List).WithName("ListAlertChannels").WithSummary("Channels of the file, and whether they are on").Produces<Page<ChannelView>>().ProducesProblems();
        api.MapPost("/channels/{name}/test", TestAsync).Audited("channel.tested").RequireAuthorization(Policies.Manage).WithName("TestAlertChannel").WithSummary("Sends a test notice at once")
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 409, 502);
    }

    private static IResult List(AlertFileSource source) =>
        TypedResults.Ok(new Page<ChannelView>([.. source.Routing.Channels.Select(c => new ChannelView(c.Name, JsonFields.WireName(c.Type), c.IsOn ? "on" : "off", c.Unset))], null));

    private static async Task<IResult> TestAsync(string name, HttpContext context, AlertFileSource source, NoticeChannels channels, TimeProvider time, CancellationToken cancellationToken)
    {
        if (source.Routing.Channels.FirstOrDefault(c => c.Name == name) is not { } channel) return ProblemResponse.NotFound("There is no such channel.");
        if (!channel.IsOn) return ProblemResponse.Create(StatusCodes.Status409Conflict, $"The channel is off: {string.Join(", ", channel.Unset)} is not set.");
        context.Audit("channel.tested", name);
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now).ToString();
        var alert = new NoticeAlert(
            id, id, "Test", AlertSeverity.Info, new(StringComparer.Ordinal) { ["alertname"] = "Test", ["severity"] = "info" }, 0, "A test: nothing is wrong",
            string.Create(CultureInfo.InvariantCulture, $"{context.User.Caller()} tries the channel {name}."), "docs/operations.md#who-is-told", now, null);
        try
        {
            await channels.SendAsync(channel, id, new(id, NoticeReason.Test, [alert], now, TimeSpan.FromMinutes(1)), cancellationToken);

            // An incident or an alert that a test opened is closed by it too.
            if (channel.Type is ChannelType.PagerDuty or ChannelType.Alertmanager)
                await channels.SendAsync(channel, id, new(id, NoticeReason.Test, [alert with { ResolvedAt = time.GetUtcNow() }], now, TimeSpan.FromMinutes(1)), cancellationToken);
            return TypedResults.NoContent();
        }
        catch (DeliveryException e)
        {
            return ProblemResponse.Create(StatusCodes.Status502BadGateway, $"The channel {e.Message}.");
        }
    }
}
