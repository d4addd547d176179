using System.ComponentModel;
using System.Runtime.InteropServices;

namespace OsMEN.ServiceDefaults.Configuration;

/// <summary>Protects this process's environment and memory, which contain keys, from other processes of the same user.</summary>
public static partial class ProcessMemory
{
    private const int SetDumpable = 4; // PR_SET_DUMPABLE

    /// <summary>
    /// On Linux, makes <c>/proc/{pid}/environ</c>, <c>mem</c>, <c>fd</c> and the like readable with CAP_SYS_PTRACE only. The process leaves no core
    /// dump from then on, and debuggers and <c>dotnet-dump</c> need that capability, too. Does nothing on other systems.
    /// </summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static void Protect()
    {
        if (OperatingSystem.IsLinux() && Control(SetDumpable, 0, 0, 0, 0) != 0)
            throw new Win32Exception();
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}
