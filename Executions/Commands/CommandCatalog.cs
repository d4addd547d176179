using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using OsMEN.Executions.Catalog;

namespace OsMEN.Executions.Commands;

/// <summary>The commands that there are: the files of <c>CATALOG_PATH</c>/commands.</summary>
public sealed class CommandCatalog(IConfiguration configuration, TimeProvider time, ILogger<CommandCatalog> logger)
    : FileCatalog<CommandDefinition>(configuration, "commands", CommandJson.Read, time, logger);
