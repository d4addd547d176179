[assembly: AssemblyFixture(typeof(OsMEN.Tests.Infrastructure.PostgresServer))]
[assembly: AssemblyFixture(typeof(OsMEN.Tests.Infrastructure.RedisServer))]
