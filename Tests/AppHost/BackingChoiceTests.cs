using OsMEN.AppHost.Backing;

namespace OsMEN.Tests.AppHost;

/// <summary>Which backing a start gets.</summary>
public sealed class BackingChoiceTests
{
    [Theory]
    [InlineData(null, null, true, BackingKind.Container)]
    [InlineData(null, null, false, BackingKind.Embedded)]
    [InlineData(null, "", false, BackingKind.Embedded)]
    [InlineData("auto", "native", true, BackingKind.Container)]
    [InlineData(null, "Native", true, BackingKind.Native)]
    [InlineData("embedded", "native", true, BackingKind.Embedded)]
    [InlineData("container", null, true, BackingKind.Container)]
    public void Argument_wins_over_environment_and_auto_asks_for_a_runtime(string? argument, string? environment, bool runtimeAnswers, object expected) =>
        Assert.Equal(expected, BackingChoice.Choose(argument, environment, () => (runtimeAnswers, "")));

    [Fact]
    public void Unknown_backing_names_its_source_and_the_allowed_values() =>
        Assert.Equal(
            "OSMEN_BACKING is \"clay\"; allowed: auto, container, native or embedded.",
            Assert.Throws<DistributedApplicationException>(() => BackingChoice.Choose(null, "clay", () => (true, ""))).Message);

    [Fact]
    public void Both_PostgreSQL_programs_come_from_the_first_folder_that_has_both()
    {
        var root = Directory.CreateTempSubdirectory("osmen-bin-").FullName;
        try
        {
            Make("half", "postgres");
            Make("debian/9/bin", "postgres", "initdb");
            Make("debian/16/bin", "postgres", "initdb");
            Assert.Equal(Path.Combine(root, "debian/16/bin"), NativePostgres.FindBinaries(Path.Combine(root, "half"), Path.Combine(root, "debian")));
            Assert.StartsWith(
                "PostgreSQL is not installed",
                Assert.Throws<DistributedApplicationException>(() => NativePostgres.FindBinaries(Path.Combine(root, "half"), Path.Combine(root, "none"))).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        void Make(string folder, params string[] programs)
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
            foreach (var program in programs)
                File.WriteAllText(Path.Combine(root, folder, program), "");
        }
    }
}
