using System.Buffers.Binary;
using System.Text;

namespace OsMEN.LocalHosting.Otlp;

/// <summary>
/// Reads the fields of one protobuf message without copying it. Nested messages are slices, read by another reader,
/// so the order of fields does not matter. https://protobuf.dev/programming-guides/encoding/
/// </summary>
/// <exception cref="InvalidDataException">The message is broken; thrown by every member.</exception>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private int _wireType;

    /// <summary>The field that the cursor is at.</summary>
    public int Field { get; private set; }

    /// <summary>Goes to the next field. Its value must then be read or skipped.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        var tag = Varint();
        _wireType = (int)(tag & 7);
        Field = tag >> 3 is > 0 and <= int.MaxValue and var field ? (int)field : throw Broken();
        return true;
    }

    public void Skip()
    {
        switch (_wireType)
        {
            case 0:
                Varint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Take(Length());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Broken();
        }
    }

    /// <summary>A nested message, bytes, or packed numbers.</summary>
    public ReadOnlySpan<byte> Bytes() => _wireType == 2 ? Take(Length()) : throw Broken();

    /// <summary>Text; what is not UTF-8 is replaced.</summary>
    public string Text() => Encoding.UTF8.GetString(Bytes());

    public ulong Number() => _wireType == 0 ? Varint() : throw Broken();

    public ulong Fixed64() => _wireType == 1 ? BinaryPrimitives.ReadUInt64LittleEndian(Take(8)) : throw Broken();

    public double Double() => BitConverter.UInt64BitsToDouble(Fixed64());

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Broken();
    }

    private int Length() => Varint() is var length && length <= (ulong)_rest.Length ? (int)length : throw Broken();

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Broken();
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static InvalidDataException Broken() => new("not a protobuf message");
}
