using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using OsMEN.Executions.Catalog;

namespace OsMEN.Executions.Workflows;

/// <summary>The workflows that there are: the files of <c>CATALOG_PATH</c>/workflows.</summary>
public sealed class WorkflowCatalog(IConfiguration configuration, TimeProvider time, ILogger<WorkflowCatalog> logger)
    : FileCatalog<WorkflowDefinition>(configuration, "workflows", WorkflowJson.Read, time, logger);
