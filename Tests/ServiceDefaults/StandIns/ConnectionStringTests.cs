using Microsoft.Extensions.Hosting;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Tests.ServiceDefaults.StandIns;

public sealed class ConnectionStringTests
{
    [Theory]
    [InlineData("ConnectionStrings:osmen", "Password=hunter2", "ConnectionStrings__osmen holds \"(hidden)\"; allowed: an Npgsql connection string, such as Host=localhost;Database=osmen;Username=osmen.")]
    [InlineData("ConnectionStrings:osmen", "", "ConnectionStrings__osmen is missing; allowed: an Npgsql connection string, such as Host=localhost;Database=osmen;Username=osmen.")]
    [InlineData("ConnectionStrings:redis", ",password=hunter2,ssl=perhaps", "ConnectionStrings__redis holds \"(hidden)\"; allowed: a StackExchange.Redis connection string, such as localhost:6379.")]
    public async Task A_bad_connection_string_ends_the_process_with_one_line(string key, string value, string line)
    {
        var error = new StringWriter();
        var code = await StartupErrors.RunAsync(
            () =>
            {
                var app = TestService.Build(
                    b =>
                    {
                        if (key == "ConnectionStrings:osmen") b.AddNpgsqlDataSource("osmen");
                        if (key == "ConnectionStrings:redis") b.AddRedisClient("redis");
                    },
                    null, null, (key, value));
                return app.RunAsync();
            },
            error);
        Assert.Equal(1, code);
        Assert.Equal(line + Environment.NewLine, error.ToString());
    }
}
