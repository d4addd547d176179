using Microsoft.Extensions.AI;
using OsMEN.Llm.Providers;

namespace OsMEN.Tests.Llm;

/// <summary>What the model without a model answers.</summary>
public sealed class OfflineModelTests
{
    [Theory]
    [InlineData("Summarise the text below for the team.\nKeep names exactly.\n\nTEXT\nThe export failed at 02:14. It was restarted.", "\n- The export failed at 02:14.")]
    [InlineData("The export failed at 02:14. It was restarted.", "\n- The export failed at 02:14.")]
    [InlineData("TODAY'S TASKS\n[offline] No model is configured: this is an extract of the input.\n- Approve #412 before 09:00", "\n- Approve #412 before 09:00")]
    public async Task It_answers_from_the_material_and_not_from_the_instructions(string prompt, string expected)
    {
        using var client = new ExtractiveChatClient();
        var answer = await client.GetResponseAsync([new(ChatRole.User, prompt)], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(ExtractiveChatClient.Notice + expected, answer.Text);
    }
}
