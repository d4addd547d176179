using Microsoft.Extensions.AI;
using OsMEN.Executions;
using OsMEN.Executions.Budgets;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;
using OsMEN.Llm.Budgets;

namespace OsMEN.Gateway.Budgets;

/// <summary>Whether budgets leave anything for an execution of an agent, before it is accepted.</summary>
internal sealed class AgentAdmission(BudgetAdmission budgets, IBudgetGate gate, LlmOptions llm)
{
    /// <summary>The budget that refuses; null when none does.</summary>
    public ValueTask<BudgetRefusal?> CheckAsync(AgentDefinition agent, NewExecution asked, CancellationToken cancellationToken)
    {
        var subject = new BudgetSubject { Agent = agent.Id, User = asked.User, Key = asked.KeyId };
        if (agent.Type != AgentType.Llm)
            return budgets.CheckAsync(subject, null, null, asked.RunAt, cancellationToken);

        // Less than the worker will ask for, which knows the input as the model gets it, and the tools: nothing is refused here that would pass there.
        var options = new ChatOptions { Instructions = agent.Instructions, MaxOutputTokens = agent.Limits.MaxOutputTokens };
        var model = agent.Model is null ? llm.DefaultModel : ModelName.TryParse(agent.Model, out var name) ? name : (ModelName?)null;
        return budgets.CheckAsync(subject, model, CallEstimate.Tokens([], options, gate.MaxOutputTokens), asked.RunAt, cancellationToken);
    }
}
