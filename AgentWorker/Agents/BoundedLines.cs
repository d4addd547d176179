using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Reads lines of UTF-8 from a program that may write anything: a line over the limit is cut, the rest of it passed over.</summary>
internal static class BoundedLines
{
    public const int MaxLength = 1 << 20;

    public static async IAsyncEnumerable<string> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream);
        var skipping = false;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (!skipping)
                    yield return Text(rest.Slice(0, end));
                skipping = false;
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > MaxLength)
            {
                if (!skipping)
                    yield return Text(rest.Slice(0, MaxLength)) + "… (cut)";
                skipping = true;
                rest = rest.Slice(rest.End);
            }
            else if (skipping)
            {
                rest = rest.Slice(rest.End);
            }

            if (read.IsCompleted)
            {
                if (!skipping && rest.Length > 0)
                    yield return Text(rest);
                yield break;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private static string Text(ReadOnlySequence<byte> line) => Encoding.UTF8.GetString(line).TrimEnd('\r');
}
