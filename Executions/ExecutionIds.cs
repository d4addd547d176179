using System.Buffers.Binary;

namespace OsMEN.Executions;

/// <summary>Ids are UUIDv7 (RFC 9562 section 5.7): their first 48 bits are the Unix millisecond of acceptance, so they sort by it.</summary>
public static class ExecutionIds
{
    public static Guid New(DateTimeOffset acceptedAt) => Guid.CreateVersion7(acceptedAt);

    /// <summary>The smallest id of that millisecond or later: a bound for ranges.</summary>
    public static Guid FirstOf(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes, Math.Max(time.ToUnixTimeMilliseconds(), 0) << 16);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>When an id was made, to the millisecond.</summary>
    public static DateTimeOffset TimeOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16);
    }
}
