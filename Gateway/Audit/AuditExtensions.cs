using System.Text.Json.Nodes;
using OsMEN.Executions.Audit;

namespace OsMEN.Gateway.Audit;

/// <summary>What an endpoint may put into the audit log.</summary>
internal sealed record AuditMetadata(IReadOnlyList<string> Actions);

internal static class AuditExtensions
{
    /// <summary>Marks an endpoint as one that changes something: its handler says what, see <see cref="AuditLog"/>.</summary>
    public static TBuilder Audited<TBuilder>(this TBuilder endpoint, params string[] actions)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AuditMetadata(actions));
        return endpoint.AddEndpointFilter(WriteAsync);
    }

    /// <summary>Says what this request has changed. To be called as soon as it has: it is written also if the handler fails or its client goes away after that.</summary>
    public static void Audit(this HttpContext context, string action, string target, string? changes = null) =>
        context.Features.Set(context.RequestServices.GetRequiredService<AuditLog>().Entry(context, action, target, changes));

    /// <summary>The same with the fields before and after.</summary>
    public static void Audit(this HttpContext context, string action, string target, JsonObject? before, JsonObject? after) =>
        context.Audit(action, target, AuditChanges.Between(before, after));

    private static async ValueTask<object?> WriteAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        try
        {
            return await next(invocation);
        }
        finally
        {
            if (context.Features.Get<AuditEntry>() is { } entry)
                await context.RequestServices.GetRequiredService<AuditLog>().WriteAsync(entry);
        }
    }
}
