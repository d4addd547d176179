using System.Globalization;
using System.Text;

namespace OsMEN.AgentWorker.Tools.Files;

/// <summary>
/// The folder whose files tools may read. A path leads nowhere else: not by "..", not as an absolute one, not over symbolic links,
/// which are not followed at all inside.
/// </summary>
internal sealed class FileRoot(ToolOptions options)
{
    /// <summary>Larger files are not opened.</summary>
    public const int MaxFile = 8 * 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    // The root itself may be reached over links: whoever configured it meant that.
    private readonly Lazy<string?> _root = new(() => options.FilesRoot is { } path ? Resolve(path) : null);

    /// <exception cref="ToolFailedException">No folder is configured.</exception>
    public string Folder => _root.Value ?? throw new ToolFailedException("No folder for files is configured on this worker (TOOLS_FILES_ROOT).");

    /// <summary>The full path of a relative one.</summary>
    /// <exception cref="ToolFailedException">It leads out of the folder, or over a link, or there is nothing.</exception>
    public string Find(string path)
    {
        var refused = new ToolFailedException($"There is no '{path}' in the folder.");
        if (path.Contains('\0') || Path.IsPathRooted(path))
            throw refused;
        var full = Path.GetFullPath(path.Replace('\\', '/'), Folder);
        var relative = Path.GetRelativePath(Folder, full);
        if (relative == ".")
            return Folder;
        var at = Folder;
        foreach (var part in relative.Split(Path.DirectorySeparatorChar))
        {
            if (part is ".." or "")
                throw refused;
            at = Path.Combine(at, part);
            FileSystemInfo entry = Directory.Exists(at) ? new DirectoryInfo(at) : new FileInfo(at);
            if (!entry.Exists || entry.LinkTarget is not null)
                throw refused;
        }

        return at;
    }

    /// <summary>The text of a file found before; null when it is none (binary), too large or gone.</summary>
    public string? ReadText(string full, int maxBytes = MaxFile)
    {
        try
        {
            // Of an unknown length are pipes and devices, which would hang; an empty file has nothing to read either.
            var length = new FileInfo(full).Length;
            if (length == 0)
                return File.GetAttributes(full).HasFlag(FileAttributes.Directory) ? null : "";
            if (length > maxBytes)
                return null;
            using var file = new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (!IsInside(file))
                return null;
            var bytes = new byte[length];
            var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = bytes.AsSpan(0, read);
            return text.Contains((byte)0) ? null : Strict.GetString(text.StartsWith(Encoding.UTF8.Preamble) ? text[3..] : text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            return null;
        }
    }

    // Between the look at the path and the opening somebody could have put a link there: on Linux the kernel says what was opened.
    private bool IsInside(FileStream file)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        var opened = new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}")).LinkTarget;
        return opened is null || opened.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    private static string Resolve(string path)
    {
        var at = Path.GetPathRoot(path)!;
        foreach (var part in path[at.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            at = Path.Combine(at, part);
            if (new DirectoryInfo(at).ResolveLinkTarget(returnFinalTarget: true) is { } target)
                at = Resolve(target.FullName);
        }

        return at;
    }
}
