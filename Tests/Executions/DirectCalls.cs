using System.Globalization;

namespace OsMEN.Tests.Executions;

/// <summary>Looks at <c>llm_calls</c>, which the store itself only writes.</summary>
internal static class DirectCalls
{
    /// <summary>The rows that name a user, a line each, in order.</summary>
    public static async Task<List<string>> ReadAsync(TestStore store, string columns)
    {
        await using var command = store.Database.CreateCommand($"SELECT {columns} FROM llm_calls WHERE user_id IS NOT NULL ORDER BY user_id, started_at, id");
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            rows.Add(string.Join(',', Enumerable.Range(0, reader.FieldCount).Select(i => Text(reader.IsDBNull(i) ? "" : reader.GetValue(i)))));
        return rows;
    }

    private static string Text(object value) => value is bool flag ? flag ? "1" : "0" : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
