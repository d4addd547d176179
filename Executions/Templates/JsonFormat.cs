using System.Diagnostics.CodeAnalysis;
using HandlebarsDotNet.IO;

namespace OsMEN.Executions.Templates;

/// <summary>Shows objects, lists and booleans in a template's text as JSON, not as the names of .NET's types.</summary>
internal sealed class JsonFormat : IFormatter, IFormatterProvider
{
    public void Format<T>(T value, in HandlebarsDotNet.EncodedTextWriter writer) => writer.Write(TemplateData.Json(value), encode: false);

    public bool TryCreateFormatter(Type type, [NotNullWhen(true)] out IFormatter? formatter)
    {
        formatter = type == typeof(bool) || type == typeof(Dictionary<string, object?>) || type == typeof(List<object?>) ? this : null;
        return formatter is not null;
    }
}
