using OsMEN.Llm;

namespace OsMEN.Executions;

/// <summary>A model call that was made for a client and not in an execution.</summary>
public sealed record DirectCall(LlmCall Call, string User);
