using Microsoft.Extensions.Configuration;

namespace OsMEN.AppHost.Publishing;

/// <summary>Refuses command lines that Aspire takes as "run every step", among them those that deploy and destroy.</summary>
internal static class PublishArguments
{
    private const string Usage =
        "Use --operation publish --step publish (for Compose and Helm; or compose, or helm), or --publisher manifest, with --output-path.";

    /// <exception cref="DistributedApplicationException">There is no step, or an unknown publisher.</exception>
    public static void Check(IConfiguration configuration)
    {
        var publisher = configuration["Publishing:Publisher"];
        if (!string.IsNullOrEmpty(publisher) && !publisher.Equals("manifest", StringComparison.OrdinalIgnoreCase))
            throw new DistributedApplicationException($"--publisher is \"{publisher}\"; allowed: manifest. {Usage}");

        // Aspire's CLI asks for the list of steps without naming one.
        if (string.IsNullOrWhiteSpace(configuration["Pipeline:Step"]) && !configuration.GetValue<bool>("Pipeline:ListSteps"))
            throw new DistributedApplicationException($"--step is missing. {Usage}");
    }
}
