using OsMEN.Executions;
using OsMEN.Gateway;
using OsMEN.Gateway.Agents;
using OsMEN.Gateway.Analytics;
using OsMEN.Gateway.Dashboard;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Generation;
using OsMEN.Gateway.Info;
using OsMEN.Gateway.OpenApi;
using OsMEN.Gateway.Prices;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.Gateway.Usage;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Metrics;

if (args is ["generate", .. var rest]) return GeneratedFiles.Run(rest, Directory.GetCurrentDirectory(), Console.Out, Console.Error);
if (args is ["import-prices", .. var source]) return await ImportPrices.RunAsync(source, Console.Out, Console.Error, CancellationToken.None);

return await StartupErrors.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddServiceDefaults();
    builder.AddExecutions();
    builder.AddSecurity();
    builder.AddLiveHealth();
    builder.AddDashboard();
    RequestLimits.Add(builder);
    builder.Services.AddLlm(builder.Configuration);
    builder.Services.AddInstruments<RequestMetrics>();
    builder.Services.AddInstruments<EventStreams>();
    builder.Services.AddInstruments<WebSocketConnections>();
    builder.Services.AddSingleton<AnalyticsReader>();
    builder.Services.AddSingleton<UsageReader>();
    builder.Services.AddSingleton(StreamLimits.Default);
    builder.Services.AddExceptionHandler<Failures>();
    builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = ProblemResponse.Complete);
    builder.Services.ConfigureHttpJsonOptions(options => GatewayJsonContext.Apply(options.SerializerOptions));
    builder.Services.AddApiDescription();

    var app = builder.Build();
    app.UseExceptionHandler();
    app.UseStatusCodePages();
    app.UseWebSockets();
    app.UseRouting();
    app.UseCors();
    app.UseAuthentication();
    app.UseRateLimiter();
    app.UseAuthorization();

    app.MapDefaultEndpoints();
    app.MapAgentsApi();
    app.MapExecutionsApi();
    app.MapEventsApi();
    app.MapWebSocketApi();
    app.MapKeysApi();
    app.MapAnalyticsApi();
    app.MapUsageApi();
    app.MapPricesApi();
    app.MapDashboard();
    app.MapInfoApi();
    app.MapApiDescription();
    await app.RunAsync();
});
