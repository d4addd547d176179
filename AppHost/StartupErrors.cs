namespace OsMEN.AppHost;

/// <summary>Turns a start that fails for a reason that the user can fix into one line on stderr and exit code 1.</summary>
internal static class StartupErrors
{
    /// <summary>Runs the application and returns the exit code of the process. Every exception that is not a <see cref="DistributedApplicationException"/> passes through.</summary>
    public static async Task<int> RunAsync(Func<Task> application)
    {
        try
        {
            await application();
            return 0;
        }
        catch (DistributedApplicationException e)
        {
            await Console.Error.WriteLineAsync($"OsMEN cannot start: {e.Message}");
            return 1;
        }
    }
}
