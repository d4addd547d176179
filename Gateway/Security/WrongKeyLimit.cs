using System.Net;
using Microsoft.Extensions.Caching.Memory;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Security;

/// <summary>
/// Makes guessing keys slow: after <c>WRONG_KEYS_PER_MINUTE</c> (60) wrong keys within a minute an address is refused until the
/// minute is over. Remembers at most 100,000 addresses.
/// </summary>
internal sealed class WrongKeyLimit(IConfiguration configuration, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly long _allowed = Read(configuration);
    private readonly MemoryCache _addresses = new(new MemoryCacheOptions { SizeLimit = 100_000 });

    /// <exception cref="ConfigurationException">It is no number of 1 to 1,000,000.</exception>
    public static long Read(IConfiguration configuration) => configuration.ReadInteger("WRONG_KEYS_PER_MINUTE", 60, 1, 1_000_000);

    public bool IsBlocked(IPAddress? address) => RetryAfter(address) is not null;

    /// <summary>How long the address has to wait; null when it may try.</summary>
    public TimeSpan? RetryAfter(IPAddress? address) =>
        _addresses.TryGetValue(NetworkOf(address), out Counter? counter) && Volatile.Read(ref counter!.Count) >= _allowed
        && Window - time.GetElapsedTime(counter.Since) is { Ticks: > 0 } left ? left : null;

    public void Note(IPAddress? address)
    {
        var counter = _addresses.GetOrCreate(NetworkOf(address), entry =>
        {
            entry.Size = 1;
            entry.AbsoluteExpirationRelativeToNow = Window;
            return new Counter(time.GetTimestamp());
        })!;
        Interlocked.Increment(ref counter.Count);
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
