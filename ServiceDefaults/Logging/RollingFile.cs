namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// A file that is appended to and rolled by size: <c>file</c> becomes <c>file.1</c>, that <c>file.2</c>, and what passes the
/// retention count is deleted. Not safe for several writers.
/// </summary>
internal sealed class RollingFile : IDisposable
{
    private readonly string _path;
    private readonly long _maxBytes;
    private readonly int _retention;
    private FileStream _stream;

    public RollingFile(string path, long maxBytes, int retention)
    {
        _path = Path.GetFullPath(path);
        _maxBytes = maxBytes;
        _retention = retention;
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        _stream = Open();
    }

    public void WriteLine(ReadOnlySpan<byte> line)
    {
        if (_stream.Length > 0 && _stream.Length + line.Length + 1 > _maxBytes) Roll();
        _stream.Write(line);
        _stream.WriteByte((byte)'\n');
    }

    public void Flush() => _stream.Flush();

    public void Dispose() => _stream.Dispose();

    private FileStream Open() => new(_path, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 16_384);

    private void Roll()
    {
        _stream.Dispose();
        try
        {
            File.Delete($"{_path}.{_retention}");
            for (var i = _retention - 1; i >= 1; i--)
                if (File.Exists($"{_path}.{i}")) File.Move($"{_path}.{i}", $"{_path}.{i + 1}", overwrite: true);
            if (_retention > 0) File.Move(_path, $"{_path}.1", overwrite: true);
            else File.Delete(_path);
        }
        finally
        {
            _stream = Open();
        }
    }
}
