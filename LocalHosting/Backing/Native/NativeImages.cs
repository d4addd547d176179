using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing.Native;

/// <summary>What an image's program is called where it is installed, and how it is told what a container's surroundings would tell it.</summary>
/// <param name="Image">The image without registry and tag.</param>
/// <param name="Program">The program.</param>
/// <param name="Arguments">What it needs beside the model's arguments; <c>{address}</c> is where it listens.</param>
/// <param name="HowToInstall">For people who lack it.</param>
internal sealed record NativeImage(string Image, string Program, IReadOnlyList<string> Arguments, string HowToInstall);

/// <summary>Images whose program is often installed.</summary>
internal static class NativeImages
{
    private static readonly NativeImage[] s_known =
    [
        new("prom/prometheus", "prometheus", ["--web.listen-address={address}"], "apt install prometheus, brew install prometheus"),

        // Its cluster's port would be open to the network.
        new("prom/alertmanager", "prometheus-alertmanager", ["--web.listen-address={address}", "--cluster.listen-address="], "apt install prometheus-alertmanager"),
        new("prom/alertmanager", "alertmanager", ["--web.listen-address={address}", "--cluster.listen-address="], "brew install alertmanager"),
    ];

    /// <summary>The program that runs a container's resource without a container; null if there is none.</summary>
    public static NativeImageProgram? Find(ContainerResource container, LocalFolder folder)
    {
        foreach (var known in Of(container))
        {
            if (Executables.Find(known.Program) is { } program)
                return new(container, known, program, folder);
        }

        return null;
    }

    /// <summary>What to install to run it without a container; null if nothing will do.</summary>
    public static string? HowToInstall(ContainerResource container) =>
        Of(container).Select(k => k.HowToInstall).ToArray() is { Length: > 0 } ways ? string.Join("; ", ways) : null;

    private static IEnumerable<NativeImage> Of(ContainerResource container)
    {
        var image = container.Annotations.OfType<ContainerImageAnnotation>().LastOrDefault()?.Image;
        return s_known.Where(k => k.Image == image);
    }
}
