namespace OsMEN.Tests.Infrastructure;

internal static partial class Programs
{
    // A missing server skips the test that needs it; on CI, which installs all of them, it fails.
    private static partial void Missing(string what, string[] names)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"{what} is not installed, and CI must not skip.");
        Assert.Skip($"{what} is not installed ({string.Join(", ", names)} not on PATH).");
    }
}
