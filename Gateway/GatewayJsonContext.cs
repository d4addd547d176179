using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Dashboard;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Info;
using OsMEN.Gateway.OpenAI;
using OsMEN.Gateway.Schedules;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Usage;
using OsMEN.Gateway.Workflows;

namespace OsMEN.Gateway;

/// <summary>All that the API reads and writes as JSON, without reflection.</summary>
[JsonSerializable(typeof(AcknowledgeRequest))]
[JsonSerializable(typeof(AlertStatistics))]
[JsonSerializable(typeof(AlertView))]
[JsonSerializable(typeof(ApprovalView))]
[JsonSerializable(typeof(AuditView))]
[JsonSerializable(typeof(BudgetBody))]
[JsonSerializable(typeof(BudgetView))]
[JsonSerializable(typeof(ConfigView))]
[JsonSerializable(typeof(DateTimeOffset?))]
[JsonSerializable(typeof(DecisionRequest))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(ExecutionRequest))]
[JsonSerializable(typeof(ExecutionView))]
[JsonSerializable(typeof(HttpValidationProblemDetails))]
[JsonSerializable(typeof(InfoView))]
[JsonSerializable(typeof(RootView))]
[JsonSerializable(typeof(KeyChangeRequest))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(Page<AlertView>))]
[JsonSerializable(typeof(Page<ApprovalView>))]
[JsonSerializable(typeof(Page<AuditView>))]
[JsonSerializable(typeof(Page<BoardView>))]
[JsonSerializable(typeof(Page<BudgetView>))]
[JsonSerializable(typeof(Page<CallView>))]
[JsonSerializable(typeof(Page<ChannelView>))]
[JsonSerializable(typeof(Page<ExecutionView>))]
[JsonSerializable(typeof(Page<KeyView>))]
[JsonSerializable(typeof(Page<RawJson>))]
[JsonSerializable(typeof(Page<RoleView>))]
[JsonSerializable(typeof(Page<RuleView>))]
[JsonSerializable(typeof(Page<ScheduleView>))]
[JsonSerializable(typeof(Page<SilenceView>))]
[JsonSerializable(typeof(Page<StepView>))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(PerformanceView))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(ProjectionView))]
[JsonSerializable(typeof(RawJson))]
[JsonSerializable(typeof(RuleView))]
[JsonSerializable(typeof(SilenceRequest))]
[JsonSerializable(typeof(SilenceView))]
[JsonSerializable(typeof(UserRequest))]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(decimal))]
[JsonSerializable(typeof(string))]
internal sealed partial class GatewayJsonContext : JsonSerializerContext
{
    /// <summary>Makes these types, with names in snake case, what the endpoints write.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;

        // Answers are never put into HTML: other scripts' letters stay as they are.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.TypeInfoResolverChain.Insert(0, Default);
    }
}
