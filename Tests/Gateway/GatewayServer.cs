using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions;
using OsMEN.Gateway;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.Tests.Executions;

namespace OsMEN.Tests.Gateway;

/// <summary>
/// The gateway as it is shipped, in this process, on a real port and a SQLite file of its own; without Redis, which it must be able
/// to do without. There is no worker: tests claim and finish by <see cref="Store"/>.
/// </summary>
public sealed class GatewayServer : IAsyncLifetime
{
    internal static readonly string AdminKey = KeyOf(Role.Admin);

    private static int s_servers;

    private readonly Dictionary<string, string> _settings;
    private TestStore? _test;
    private WebApplicationFactory<RequestLimits>? _factory;

    public GatewayServer()
        : this([])
    {
    }

    internal GatewayServer(Dictionary<string, string> settings) => _settings = settings;

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Its metrics' prefix: the SDK hears the meters of every gateway of the process.</summary>
    internal string Prefix { get; } = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"gateway{Interlocked.Increment(ref s_servers)}_");

    internal IExecutionStore Store => _test!.Store;

    internal string ConnectionString => _test!.ConnectionString;

    internal IServiceProvider Services => _factory!.Services;

    internal static string KeyOf(Role role) => $"osm_{role.ToWire()}_0123456789abcdef";

    public async ValueTask InitializeAsync()
    {
        _test = await TestStore.SqliteAsync();
        _factory = new Factory(host =>
        {
            host.UseSetting("ConnectionStrings:osmen", _test.ConnectionString);
            host.UseSetting("ConnectionStrings:redis", "127.0.0.1:1,connectTimeout=200");
            host.UseSetting("CATALOG_PATH", Path.Combine(AppContext.BaseDirectory, "catalog"));
            host.UseSetting("OSMEN_API_KEYS", string.Join(',', Enum.GetValues<Role>().Select(r => $"{KeyOf(r)}:{r.ToWire()}:{r.ToWire()}-user")));
            host.UseSetting("METRICS_PREFIX", Prefix);
            host.UseSetting("LOG_LEVEL", "CRITICAL");

            // Every route is asked with a wrong key.
            host.UseSetting("WRONG_KEYS_PER_MINUTE", "1000");
            foreach (var (name, value) in _settings)
                host.UseSetting(name, value);
            host.ConfigureServices(services => services.AddSingleton(new StreamLimits(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30))));
        });
        _factory.UseKestrel(0);
        _factory.StartServer();
        Address = _factory.ClientOptions.BaseAddress;
        await Services.GetRequiredService<ExecutionSchema>().Ready.WaitAsync(TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        if (_factory is not null)
            await _factory.DisposeAsync();
        if (_test is not null)
            await _test.DisposeAsync();
    }

    internal HttpClient Client(string? key = "osm_admin_0123456789abcdef")
    {
        var client = new HttpClient { BaseAddress = Address };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }

    internal async Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> SendAsync(
        HttpMethod method, string path, object? body = null, string? key = "osm_admin_0123456789abcdef", params (string Name, string Value)[] headers)
    {
        using var client = Client(key);
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body switch
            {
                null => null,
                HttpContent content => content,
                string text => new StringContent(text, Encoding.UTF8, "application/json"),
                _ => JsonContent.Create(body),
            },
        };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, answer.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(answer), response);
    }

    internal async Task<JsonElement> StartAsync(object? input = null, Role role = Role.Admin)
    {
        var (status, execution, _) = await SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", new { input = input ?? "text" }, KeyOf(role));
        Assert.Equal(HttpStatusCode.Accepted, status);
        return execution;
    }

    private sealed class Factory(Action<IWebHostBuilder> configure) : WebApplicationFactory<RequestLimits>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder) => configure(builder);
    }
}
