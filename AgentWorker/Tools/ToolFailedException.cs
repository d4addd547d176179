namespace OsMEN.AgentWorker.Tools;

/// <summary>A tool that failed, with the message that the model is told.</summary>
internal sealed class ToolFailedException(string message, Exception? inner = null) : Exception(message, inner);
