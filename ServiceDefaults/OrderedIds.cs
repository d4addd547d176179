using System.Buffers.Binary;

namespace OsMEN.ServiceDefaults;

/// <summary>
/// Ids of what is listed by time: UUIDv7 (RFC 9562 section 5.7), whose first 48 bits are the Unix millisecond. The 12 bits after the
/// version are the part of the millisecond that has passed, to 0.25 µs (section 6.2, method 3; PostgreSQL's uuidv7() does the same), so
/// that what one process makes one after the other sorts in that order. 62 bits are random.
/// </summary>
public static class OrderedIds
{
    public static Guid New(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(at).TryWriteBytes(bytes, bigEndian: true, out _);
        var passed = (int)(at.Ticks % TimeSpan.TicksPerMillisecond * 4096 / TimeSpan.TicksPerMillisecond);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)(0x7000 | passed));
        return new Guid(bytes, bigEndian: true);
    }

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
