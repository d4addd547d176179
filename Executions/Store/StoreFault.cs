using System.Data.Common;

namespace OsMEN.Executions;

/// <summary>What a database that is away, or does not take something now, makes its callers throw.</summary>
public static class StoreFault
{
    /// <summary>Whether trying again later may go better.</summary>
    public static bool Is(Exception error) => error is DbException or IOException or TimeoutException or InvalidOperationException;
}
