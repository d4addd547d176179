namespace OsMEN.LocalHosting.Output;

/// <summary>Cuts a program's output into lines. A line without end is cut too, so that no output fills memory.</summary>
internal static class LineReader
{
    private const int MaxLine = 16 * 1024;

    public static async Task ReadAsync(TextReader reader, Action<string> onLine)
    {
        var buffer = new char[MaxLine];
        var used = 0;
        try
        {
            while (await reader.ReadAsync(buffer.AsMemory(used)) is > 0 and var read)
            {
                var searched = used;
                used += read;
                var start = 0;
                while (buffer.AsSpan(Math.Max(start, searched), used - Math.Max(start, searched)).IndexOf('\n') is >= 0 and var at)
                {
                    var end = Math.Max(start, searched) + at;
                    onLine(new string(buffer.AsSpan(start, end - start).TrimEnd('\r')));
                    start = end + 1;
                }

                buffer.AsSpan(start, used - start).CopyTo(buffer);
                used -= start;
                if (used == MaxLine)
                {
                    onLine(new string(buffer));
                    used = 0;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The program was killed, and its pipe with it.
        }

        if (used > 0)
            onLine(new string(buffer, 0, used));
    }
}
