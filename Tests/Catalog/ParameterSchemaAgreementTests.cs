using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Catalog.Parameters;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Catalog;

/// <summary>Ajv, which most of the field uses, says the same of every schema and value: ajv/check.mjs tells what it says.</summary>
public sealed class ParameterSchemaAgreementTests
{
    private const int Schemas = 3000;
    private const int Values = 8;

    [Fact]
    public async Task Schemas_and_values_at_random_are_judged_as_Ajv_judges_them()
    {
        var node = Programs.Need("Node.js", "node");
        var folder = await NodePackages.InstallAsync("ajv");
        try
        {
            var cases = Cases().ToList();
            var file = Path.Combine(folder, "cases.jsonl");
            await File.WriteAllLinesAsync(file, cases, TestContext.Current.CancellationToken);
            var output = await Programs.RunAsync(node, Path.Combine(folder, "check.mjs"), file);

            var theirs = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            string[] ours = [.. cases.Select(Judge)];
            var differing = Enumerable.Range(0, cases.Count).Where(i => i >= theirs.Length || theirs[i] != ours[i]).Take(5);
            Assert.Empty(differing.Select(i => $"{cases[i]} Ajv: {theirs.ElementAtOrDefault(i)} here: {ours[i]}"));
            // Both kinds are there in number, else agreement would say little.
            Assert.InRange(ours.Sum(o => o.Count(c => c == '1')), Schemas * Values / 5, Schemas * Values * 4 / 5);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> Cases()
    {
        var random = new RandomSchemas(20260412);
        for (var i = 0; i < Schemas; i++)
        {
            var schema = random.Root();
            var values = new JsonArray([.. Enumerable.Range(0, Values).Select(_ => random.Value(schema))]);
            yield return new JsonObject { ["schema"] = schema, ["values"] = values }.ToJsonString();
        }
    }

    private static string Judge(string line)
    {
        using var document = JsonDocument.Parse(line);
        var errors = new List<FieldError>();
        return ParameterSchema.Read(document.RootElement.GetProperty("schema"), "schema", errors) is { } schema
            ? string.Concat(document.RootElement.GetProperty("values").EnumerateArray().Select(v => schema.Validate(v, "value").Count == 0 ? '1' : '0'))
            : $"refused: {errors[0].Field} {errors[0].Message}";
    }
}
