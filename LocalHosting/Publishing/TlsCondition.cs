using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace OsMEN.LocalHosting.Publishing;

/// <summary>
/// The end of Redis's connection string in a manifest. Aspire's host writes a reference to a value there, which holds <c>,ssl=true</c>
/// where the endpoint has TLS. Here it never has.
/// </summary>
internal static class TlsCondition
{
    /// <summary>The name of that value, as Aspire makes it: of what is asked, and a hash (XXH32) of that with both answers.</summary>
    public static string NameOf(EndpointReference endpoint)
    {
        var asked = $"{endpoint.Resource.Name}.bindings.{endpoint.EndpointName}.tlsEnabled";
        var hash = Hash(Encoding.UTF8.GetBytes($"{{{asked}}},ssl=trueTrue"));
        return string.Create(CultureInfo.InvariantCulture, $"cond-{asked.Replace('.', '-').ToLowerInvariant()}-{hash:x8}");
    }

    /// <summary>XXH32 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).</summary>
    internal static uint Hash(ReadOnlySpan<byte> data)
    {
        const uint P1 = 2654435761, P2 = 2246822519, P3 = 3266489917, P4 = 668265263, P5 = 374761393;
        var length = (uint)data.Length;
        var hash = P5;
        if (data.Length >= 16)
        {
            Span<uint> lanes = [unchecked(P1 + P2), P2, 0, unchecked(0 - P1)];
            for (; data.Length >= 16; data = data[16..])
            {
                for (var i = 0; i < 4; i++)
                    lanes[i] = BitOperations.RotateLeft(lanes[i] + (BinaryPrimitives.ReadUInt32LittleEndian(data[(4 * i)..]) * P2), 13) * P1;
            }

            hash = BitOperations.RotateLeft(lanes[0], 1) + BitOperations.RotateLeft(lanes[1], 7) + BitOperations.RotateLeft(lanes[2], 12) + BitOperations.RotateLeft(lanes[3], 18);
        }

        hash += length;
        for (; data.Length >= 4; data = data[4..])
            hash = BitOperations.RotateLeft(hash + (BinaryPrimitives.ReadUInt32LittleEndian(data) * P3), 17) * P4;
        foreach (var left in data)
            hash = BitOperations.RotateLeft(hash + (left * P5), 11) * P1;
        hash = (hash ^ (hash >> 15)) * P2;
        hash = (hash ^ (hash >> 13)) * P3;
        return hash ^ (hash >> 16);
    }
}
