using System.Globalization;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// A file that is appended to and rolled by size: <c>file</c> becomes <c>file.1</c>, that <c>file.2</c>, and what passes the
/// retention count is deleted. A file belongs to one process: where another has it, <c>file-2</c> is taken, and so on.
/// </summary>
internal sealed class RollingFile : IDisposable
{
    private const int MostProcesses = 64;

    private readonly string _path;
    private readonly FileStream _claim;
    private readonly long _maxBytes;
    private readonly int _retention;
    private FileStream _stream;

    public RollingFile(string path, long maxBytes, int retention)
    {
        var full = Path.GetFullPath(path);
        _maxBytes = maxBytes;
        _retention = retention;
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        (_path, _claim) = Claim(full);
        _stream = Open();
    }

    public void WriteLine(ReadOnlySpan<byte> line)
    {
        if (_stream.Length > 0 && _stream.Length + line.Length + 1 > _maxBytes) Roll();
        _stream.Write(line);
        _stream.WriteByte((byte)'\n');
    }

    public void Flush() => _stream.Flush();

    public void Dispose()
    {
        _stream.Dispose();
        _claim.Dispose();
    }

    // The replicas of a service get the same setting.
    private static (string Path, FileStream Claim) Claim(string path)
    {
        for (var n = 1; ; n++)
        {
            var candidate = n == 1 ? path : Path.Combine(Path.GetDirectoryName(path)!, string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(path)}-{n}{Path.GetExtension(path)}"));
            try
            {
                return (candidate, new(candidate + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose));
            }
            catch (IOException) when (n < MostProcesses)
            {
                // Another process has it.
            }
        }
    }

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
