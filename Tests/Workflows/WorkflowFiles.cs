using OsMEN.Executions.Catalog;
using OsMEN.Executions.Workflows;

namespace OsMEN.Tests.Workflows;

/// <summary>Workflows as tests write them.</summary>
internal static class WorkflowFiles
{
    public static WorkflowDefinition Read(string yaml)
    {
        var (definition, problems) = CatalogFile.Read<WorkflowDefinition>("/catalog/workflows/test.yaml", yaml, WorkflowJson.Read);
        Assert.Empty(problems);
        return definition!;
    }

    public static IEnumerable<string> Problems(string yaml) =>
        CatalogFile.Read<WorkflowDefinition>("test.yaml", yaml, WorkflowJson.Read).Problems.Select(p => $"{p.Line}: {p.Reason}");
}
