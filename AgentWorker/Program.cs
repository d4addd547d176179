using OsMEN.AgentWorker;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Configuration;

ProcessMemory.Protect();
return await StartupErrors.RunAsync(async () =>
{
    var builder = WebApplication.CreateSlimBuilder(args);
    builder.AddWorker();
    var app = builder.Build();
    app.MapDefaultEndpoints();
    await app.RunAsync();
});
