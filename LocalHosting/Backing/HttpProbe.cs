using System.Globalization;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Asks a resource's <c>WithHttpHealthCheck</c> paths.</summary>
internal static class HttpProbe
{
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(2) });

    /// <summary>Null when every path answers as it should, else which does not.</summary>
    public static async Task<string?> ProbeAsync(IResource resource, int replica, CancellationToken cancellationToken)
    {
        foreach (var check in resource.Annotations.OfType<HttpHealthCheckAnnotation>())
        {
            var port = resource.Annotations.OfType<EndpointAnnotation>().Single(e => e.Name == check.EndpointName).AllocatedPorts[replica];
            try
            {
                using var response = await s_http.GetAsync(
                    string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}{check.Path}"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if ((int)response.StatusCode != check.StatusCode)
                    return string.Create(CultureInfo.InvariantCulture, $"{check.Path} answers {(int)response.StatusCode}");
            }
            catch (HttpRequestException error)
            {
                return $"{check.Path}: {error.Message}";
            }
        }

        return null;
    }
}
