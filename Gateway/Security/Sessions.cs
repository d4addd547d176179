using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Memory;

namespace OsMEN.Gateway.Security;

/// <summary>A browser that signed in.</summary>
/// <param name="KeyHash">Of the key that it signed in with: the session ends with it.</param>
internal sealed record Session(string KeyHash, DateTimeOffset ExpiresAt);

/// <summary>
/// Cookies of browsers. A cookie holds 32 random bytes; the table holds their hash, so that who reads the table can sign in as
/// nobody. A session is known to every gateway; one that was ended is refused within a second, as is one whose key was revoked, and
/// what it holds open is closed (<see cref="SessionEnds"/>).
/// </summary>
internal sealed class Sessions(SessionTable table, KeyRing keys, SessionEnds ends, TimeProvider time) : IDisposable
{
    private const int Bytes = 32;
    private const int MaxRemembered = 10_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    // The tabs of a session that has ended show its cookie again and again. That is one wrong guess, not many.
    private static readonly TimeSpan RefusedFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (Session Session, long ReadAt)> _remembered = new(StringComparer.Ordinal);
    private readonly MemoryCache _refused = new(new MemoryCacheOptions { SizeLimit = MaxRemembered });

    /// <summary>The cookie's value, if the request has one of the right form.</summary>
    public static string? Read(HttpRequest request) =>
        request.Cookies[NameFor(request)] is { Length: Bytes * 2 } value && value.All(char.IsAsciiHexDigitLower) ? value : null;

    /// <summary>The key of a session, while both are good.</summary>
    /// <param name="guess">Bounds the queries for cookies that are not known here.</param>
    public async ValueTask<ApiKey?> FindAsync(string value, Guess guess, CancellationToken cancellationToken)
    {
        var hash = ApiKey.HashOf(value);
        var isKnown = _remembered.TryGetValue(hash, out var known);
        if (!isKnown && (_refused.TryGetValue(hash, out _) || !guess.TryTake()))
            return null;
        if (!isKnown || time.GetElapsedTime(known.ReadAt) > Fresh)
        {
            if (await table.FindAsync(hash, cancellationToken) is not { } session)
            {
                Refuse(hash);
                return null;
            }

            if (!isKnown)
                guess.GiveBack();
            known = Remember(hash, session);
        }

        return known.Session.ExpiresAt > time.GetUtcNow() ? await keys.FindByHashAsync(known.Session.KeyHash, cancellationToken) : null;
    }

    /// <summary>Begins a session and gives its cookie to the browser.</summary>
    public async Task BeginAsync(HttpContext context, ApiKey key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var value = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));
        var until = key.ExpiresAt is { } keyEnds && keyEnds < now + Lifetime ? keyEnds : now + Lifetime;
        var (hash, session) = (ApiKey.HashOf(value), new Session(key.Hash, until));
        await table.AddAsync(hash, session, now, cancellationToken);
        Remember(hash, session);
        context.Response.Cookies.Append(NameFor(context.Request), value, Options(context.Request, until - now));
    }

    /// <summary>Ends the request's session, here and everywhere; false when it has none.</summary>
    public async Task<bool> EndAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (Read(context.Request) is not { } value)
            return false;
        var hash = ApiKey.HashOf(value);
        await table.RemoveAsync(hash, cancellationToken);
        Refuse(hash);
        ends.End(hash);
        Forget(context);
        return true;
    }

    /// <summary>Takes the cookie from a browser that shows one.</summary>
    public static void Forget(HttpContext context)
    {
        if (Read(context.Request) is not null)
            context.Response.Cookies.Delete(NameFor(context.Request), Options(context.Request, null));
    }

    public void Dispose() => _refused.Dispose();

    private (Session Session, long ReadAt) Remember(string hash, Session session)
    {
        if (_remembered.Count >= MaxRemembered)
            _remembered.Clear();
        return _remembered[hash] = (session, time.GetTimestamp());
    }

    private void Refuse(string hash)
    {
        _remembered.TryRemove(hash, out _);
        _refused.Set(hash, true, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = RefusedFor });
    }

    // Cookies know no ports: each gateway of a machine has one of its own.
    private static string NameFor(HttpRequest request) => string.Create(CultureInfo.InvariantCulture, $"osmen-session-{request.Host.Port ?? 0}");

    private static CookieOptions Options(HttpRequest request, TimeSpan? maxAge) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = request.IsHttps, Path = "/", MaxAge = maxAge, IsEssential = true };
}
