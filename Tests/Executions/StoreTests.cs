using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

public sealed class PostgresStoreTests(PostgresServer server) : StoreBehaviour
{
    internal override Task<TestStore> CreateAsync(string? connectionString) => TestStore.PostgresAsync(server, connectionString);
}

public sealed class SqliteStoreTests : StoreBehaviour
{
    internal override Task<TestStore> CreateAsync(string? connectionString) => TestStore.SqliteAsync(connectionString);
}
