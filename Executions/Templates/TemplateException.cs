namespace OsMEN.Executions.Templates;

/// <summary>A template that is none, or that asks for something that is not there. The message names it.</summary>
public sealed class TemplateException(string message, Exception? inner = null) : Exception(message, inner);
