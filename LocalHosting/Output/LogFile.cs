using System.Text;

namespace OsMEN.LocalHosting.Output;

/// <summary>A resource's lines in a file. At 10 MB it becomes <c>.1</c> and a new one begins, so that there are never more than 20 MB.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly long _limit;
    private StreamWriter? _writer;
    private long _written;

    public LogFile(string path, long limit = 10 * 1024 * 1024)
    {
        _path = path;
        _limit = limit;
        Open();
    }

    public void WriteLine(string line)
    {
        lock (_lock)
        {
            if (_writer is null)
                return;
            if (_written > _limit)
            {
                _writer.Dispose();
                File.Move(_path, _path + ".1", overwrite: true);
                Open();
            }

            _writer!.WriteLine(line);
            _written += Encoding.UTF8.GetByteCount(line) + 1;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _writer?.Dispose();
            _writer = null;
        }
    }

    private void Open()
    {
        var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        _written = file.Length;
        _writer = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    }
}
