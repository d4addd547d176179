namespace OsMEN.LocalHosting.Testing;

/// <summary>
/// Runs an AppHost inside a test, as Aspire.Hosting.Testing does: its model as the program writes it, with free ports, data of its own
/// that is gone afterwards, and no output.
/// </summary>
/// <example>
/// <code>
/// var builder = await DistributedApplicationTestingBuilder.CreateAsync&lt;Projects.AppHost&gt;();
/// await using var app = await builder.BuildAsync();
/// await app.StartAsync();
/// await app.ResourceNotifications.WaitForResourceHealthyAsync("gateway");
/// using var http = app.CreateHttpClient("gateway");
/// </code>
/// </example>
public static class DistributedApplicationTestingBuilder
{
    /// <summary>Runs the program that the type belongs to until its model is complete.</summary>
    /// <typeparam name="TEntryPoint">A type of AppHost's assembly, such as <c>Projects.AppHost</c>.</typeparam>
    /// <param name="args">Its command line, such as <c>--backing embedded</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DistributedApplicationException">It ended without building an application.</exception>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class => await TestRun.StartAsync(typeof(TEntryPoint).Assembly, args, cancellationToken);

    /// <inheritdoc cref="CreateAsync{TEntryPoint}(string[], CancellationToken)"/>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>([], cancellationToken);
}

/// <summary>The model of an AppHost in a test, which may change it before it is built.</summary>
public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable
{
    /// <summary>Builds the application. Dispose it to stop what it runs and to remove what it kept.</summary>
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}
