using Aspire.Hosting.ApplicationModel;

namespace OsMEN.Hosting.Monitoring.Servers;

/// <summary>Gives a server's folder to the user that the server runs as.</summary>
internal sealed class FolderOwnerAnnotation(Action<string> own) : IResourceAnnotation
{
    /// <summary>Carries out the annotation of a resource that has one.</summary>
    public static void Apply(IResource resource, string folder)
    {
        if (resource.TryGetLastAnnotation<FolderOwnerAnnotation>(out var annotation))
            annotation.Own(folder);
    }

    private void Own(string folder) => own(folder);
}
