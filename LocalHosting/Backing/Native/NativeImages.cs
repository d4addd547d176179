using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing.Native;

/// <summary>What an image's program is called where it is installed.</summary>
/// <param name="Image">The image without registry and tag.</param>
/// <param name="Inside">The program inside the image.</param>
/// <param name="Program">The program on PATH.</param>
/// <param name="Listen">The argument that says where to listen; <c>{address}</c> is the address.</param>
/// <param name="HowToInstall">For people who lack it.</param>
internal sealed record NativeImage(string Image, string Inside, string Program, string Listen, string HowToInstall);

/// <summary>Images whose program is often installed.</summary>
internal static class NativeImages
{
    private static readonly NativeImage[] s_known =
    [
        new("prom/prometheus", "/bin/prometheus", "prometheus", "--web.listen-address={address}", "apt install prometheus, brew install prometheus"),
        new("prom/alertmanager", "/bin/alertmanager", "prometheus-alertmanager", "--web.listen-address={address}", "apt install prometheus-alertmanager"),
        new("prom/alertmanager", "/bin/alertmanager", "alertmanager", "--web.listen-address={address}", "brew install alertmanager"),
    ];

    /// <summary>The program that runs a container's resource without a container; null if there is none.</summary>
    public static NativeImageProgram? Find(ContainerResource container, LocalFolder folder, IReadOnlyList<IResource> resources)
    {
        foreach (var known in Of(container))
        {
            if (Executables.Find(known.Program) is { } program)
                return new(container, known, program, folder, resources);
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
