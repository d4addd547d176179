namespace OsMEN.Gateway.Security;

/// <summary>The session of a browser that was let in by its cookie.</summary>
internal sealed record SessionFeature(string Hash);

/// <summary>
/// When who was let in has to leave, for what stays open for long: the key is revoked, expires, gets another role, its user is
/// disabled; or the browser's session is signed out or expires.
/// </summary>
internal sealed class CallerEnd : IDisposable
{
    private readonly SessionWatch? _session;
    private readonly CancellationTokenSource? _either;

    private CallerEnd(CancellationToken key, SessionWatch? session)
    {
        _session = session;
        _either = session is null ? null : CancellationTokenSource.CreateLinkedTokenSource(key, session.Ended);
        Token = _either?.Token ?? key;
    }

    /// <summary>Cancelled within a second.</summary>
    public CancellationToken Token { get; }

    public string Reason => _session?.Ended.IsCancellationRequested == true ? "The session has ended." : "The key is no longer valid, or has another role now.";

    public static CallerEnd Of(HttpContext context)
    {
        var services = context.RequestServices;
        return new CallerEnd(
            services.GetRequiredService<KeyRing>().EndOf(ApiKeyAuthentication.KeyOf(context)),
            context.Features.Get<SessionFeature>() is { } session ? services.GetRequiredService<SessionEnds>().Watch(session.Hash) : null);
    }

    public void Dispose()
    {
        _either?.Dispose();
        _session?.Dispose();
    }
}
