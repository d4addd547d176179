using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>A file a database in a PostgreSQL server's place: nothing has to run.</summary>
internal sealed class SqliteProgram : ResourceProgram
{
    private readonly LocalFolder _folder;

    public SqliteProgram(PostgresServerResource server, IReadOnlyList<PostgresDatabaseResource> databases, LocalFolder folder)
        : base(server)
    {
        _folder = folder;
        foreach (var database in databases)
            database.Annotations.Add(new ConnectionStringRedirectAnnotation(new SqliteDatabase(database.Name, Path.Combine(folder.Data, database.DatabaseName + ".db"))));
        server.Annotations.Remove(server.Annotations.OfType<EndpointAnnotation>().Single());
    }

    public override string Note => $"SQLite in {Path.GetRelativePath(_folder.SolutionDirectory, _folder.Data)}";

    public override Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        LocalFolder.CreatePrivate(_folder.Data);
        return Task.CompletedTask;
    }

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken) => default;

    private sealed class SqliteDatabase(string name, string path) : Resource(name), IResourceWithConnectionString
    {
        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"Data Source={path}");

        public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => [new("DataSource", ReferenceExpression.Create($"{path}"))];
    }
}
