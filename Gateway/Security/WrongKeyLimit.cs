using System.Net;
using Microsoft.Extensions.Caching.Memory;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Security;

/// <summary>
/// Bounds the wrong keys, cookies and login links of an address, <c>WRONG_KEYS_PER_MINUTE</c> (60) a minute, and with them its queries to the
/// database. Past the limit only keys and sessions that this gateway knows already are let in from there. Remembers at most 100,000 addresses.
/// </summary>
internal sealed class WrongKeyLimit(IConfiguration configuration, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly long _allowed = Read(configuration);
    private readonly MemoryCache _addresses = new(new MemoryCacheOptions { SizeLimit = 100_000 });

    /// <exception cref="ConfigurationException">It is no number of 1 to 1,000,000.</exception>
    public static long Read(IConfiguration configuration) => configuration.ReadInteger("WRONG_KEYS_PER_MINUTE", 60, 1, 1_000_000);

    public Guess Guess(IPAddress? address) => new(this, address);

    /// <summary>How long the address has to wait before something unknown is looked up again; null when it need not.</summary>
    public TimeSpan? RetryAfter(IPAddress? address) =>
        _addresses.TryGetValue(NetworkOf(address), out Counter? counter) && Volatile.Read(ref counter!.Count) >= _allowed
        && Window - time.GetElapsedTime(counter.Since) is { Ticks: > 0 } left ? left : null;

    /// <summary>Counts a wrong guess, or one that is about to be looked up; false when the address has none left.</summary>
    public bool TryTake(IPAddress? address)
    {
        var counter = _addresses.GetOrCreate(NetworkOf(address), entry =>
        {
            entry.Size = 1;
            entry.AbsoluteExpirationRelativeToNow = Window;
            return new Counter(time.GetTimestamp());
        })!;
        if (Interlocked.Increment(ref counter.Count) <= _allowed || time.GetElapsedTime(counter.Since) >= Window)
            return true;
        Interlocked.Decrement(ref counter.Count);
        return false;
    }

    /// <summary>Takes the count back: the guess was right.</summary>
    public void GiveBack(IPAddress? address)
    {
        if (_addresses.TryGetValue(NetworkOf(address), out Counter? counter))
            Interlocked.Decrement(ref counter!.Count);
    }

    /// <summary>The address, or for IPv6 its /64: whoever has one address has them all.</summary>
    public static string NetworkOf(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes).ToString();
    }

    public void Dispose() => _addresses.Dispose();

    private sealed class Counter(long since)
    {
        public int Count;

        public long Since { get; } = since;
    }
}

/// <summary>A look-up of something that the gateway doesn't know: counted before the database is asked. The default is without a limit.</summary>
internal readonly record struct Guess(WrongKeyLimit? Limit, IPAddress? Address)
{
    public bool TryTake() => Limit?.TryTake(Address) ?? true;

    public void GiveBack() => Limit?.GiveBack(Address);
}
