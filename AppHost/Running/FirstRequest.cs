namespace OsMEN.AppHost.Running;

/// <summary>What to do first once the gateway answers: its dashboard, and a request to paste.</summary>
internal static class FirstRequest
{
    public const string Example = """{"input":{"text":"09:00 design review. Ana found the leak; the fix must merge before noon. 14:00 customer call about the invoice export."}}""";

    /// <summary>The request as a shell command.</summary>
    public static string Curl(string gateway, string key) =>
        $$"""
        curl '{{gateway}}/api/v1/agents/daily_brief/executions?wait=30s' \
          -H 'Authorization: Bearer {{key}}' -H 'Content-Type: application/json' \
          -d '{{Example}}'
        """;
}
