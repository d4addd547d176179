namespace OsMEN.Tests.Infrastructure;

internal static partial class Programs
{
    private static partial void Missing(string what, string[] names) =>
        throw new InvalidOperationException($"{what} is not installed ({string.Join(", ", names)} not on PATH).");
}
