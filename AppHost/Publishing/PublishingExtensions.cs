#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004 // Pipeline steps and their output folder are experimental APIs.

using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace OsMEN.AppHost.Publishing;

/// <summary>
/// Adds Docker Compose and Helm to Aspire's pipeline: <c>aspire do compose</c>, <c>aspire do helm</c>, and both by <c>aspire publish</c>.
/// This folder stands in for Aspire.Hosting.Docker and Aspire.Hosting.Kubernetes.
/// </summary>
internal static class PublishingExtensions
{
    /// <summary>Adds the steps; nothing in run mode.</summary>
    /// <exception cref="DistributedApplicationException">The command line does not name a step.</exception>
    public static void AddPublishing(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsPublishMode)
            return;
        PublishArguments.Check(builder.Configuration);
        PublishOutcome.Add(builder);

        builder.AddStep("compose", "compose", "Writes a Docker Compose file.", (model, folder) => new ComposeFile(model, folder).Write());
        builder.AddStep("helm", "helm/osmen", "Writes a Helm chart.", (model, _) => new HelmChart(model).Write());
    }

    private static void AddStep(
        this IDistributedApplicationBuilder builder,
        string name,
        string subfolder,
        string description,
        Func<PublishedModel, string, IReadOnlyDictionary<string, string>> write) =>
        builder.Pipeline.AddStep(new PipelineStep
        {
            Name = name,
            Description = description,
            RequiredBySteps = [WellKnownPipelineSteps.Publish],
            Action = async context =>
            {
                var output = context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory();
                var folder = Path.Combine(output, subfolder);
                var cancelled = context.CancellationToken;
                var model = await PublishedModel.ReadAsync(context.Model, context.ExecutionContext, builder.AppHostDirectory, cancelled);
                await OutputFolder.WriteAsync(folder, write(model, folder), cancelled);
                context.Summary.Add(name, folder);
                PublishOutcome.Report(builder.Configuration, $"Wrote {name} to {folder}.");
            },
        });
}
