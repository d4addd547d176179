using Aspire.Hosting.ApplicationModel;
using OsMEN.Hosting.Monitoring.Servers;

namespace Aspire.Hosting;

/// <summary>Provides extension methods for servers that run as programs installed on this machine.</summary>
public static class ServerExecutableBuilderExtensions
{
    /// <summary>
    /// Runs the server as another user. An AppHost that runs as root needs this: the server would otherwise be root too.
    /// </summary>
    /// <typeparam name="T">The type of the resource.</typeparam>
    /// <param name="builder">The resource builder.</param>
    /// <param name="launch">
    /// Receives the program and its first arguments, and returns the program and arguments to start instead, such as
    /// <c>setpriv --reuid nobody program</c>. The server's other arguments follow.
    /// </param>
    /// <param name="own">Receives the server's folder before each start, and makes it and its contents belong to that user.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<T> WithServerUser<T>(
        this IResourceBuilder<T> builder,
        Func<string, IReadOnlyList<string>, (string Command, IReadOnlyList<string> Arguments)> launch,
        Action<string> own)
        where T : ExecutableResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(launch);
        ArgumentNullException.ThrowIfNull(own);

        var (command, prefix) = launch(builder.Resource.Command, []);
        return builder
            .WithCommand(command)
            .WithArgs(context =>
            {
                for (var i = 0; i < prefix.Count; i++)
                    context.Args.Insert(i, prefix[i]);
            })
            .WithAnnotation(new FolderOwnerAnnotation(own));
    }
}
