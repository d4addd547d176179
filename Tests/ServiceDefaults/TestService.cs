using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.Tests.ServiceDefaults;

/// <summary>A service with the defaults, on a port of its own.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private static int s_services;

    private TestService(WebApplication app, HttpClient client, string prefix)
    {
        App = app;
        Client = client;
        Prefix = prefix;
    }

    public WebApplication App { get; }

    public HttpClient Client { get; }

    /// <summary>Its metrics' prefix: the SDK hears the meters of every service of the process.</summary>
    public string Prefix { get; }

    /// <summary>Requests come from <paramref name="remote"/>, as if over a network.</summary>
    public static async Task<TestService> StartAsync(
        Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null, IPAddress? remote = null, params (string Key, string Value)[] settings)
    {
        var app = Build(configure, map, remote, settings);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, new() { BaseAddress = new(app.Urls.First()) }, app.Configuration["METRICS_PREFIX"]!);
    }

    public static WebApplication Build(Action<WebApplicationBuilder>? configure, Action<WebApplication>? map, IPAddress? remote, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "OsMEN.Gateway", EnvironmentName = "Production" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["METRICS_PREFIX"] = $"t{Interlocked.Increment(ref s_services)}_";
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.AddServiceDefaults();
        var logs = builder.Services.Single(s => s.ServiceType == typeof(LogOptions));
        builder.Services.Replace(ServiceDescriptor.Singleton((LogOptions)logs.ImplementationInstance! with { Console = false }));
        if (remote is not null) builder.Services.AddSingleton<IStartupFilter>(new RemoteAddress(remote));
        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        map?.Invoke(app);
        return app;
    }

    public async Task<(HttpStatusCode Status, string Body)> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task<JsonElement> GetJsonAsync(string path)
    {
        var (_, body) = await GetAsync(path);
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Runs a component's check and waits for its result.</summary>
    public async Task CheckAsync(string component)
    {
        using var response = await Client.PostAsync($"/health/check?component={component}", null, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }

    private sealed class RemoteAddress(IPAddress address) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((HttpContext context, RequestDelegate rest) =>
            {
                context.Connection.RemoteIpAddress = address;
                return rest(context);
            });
            next(app);
        };
    }
}
