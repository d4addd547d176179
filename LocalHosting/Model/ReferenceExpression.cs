using System.Runtime.CompilerServices;
using System.Text;

namespace OsMEN.LocalHosting;

/// <summary>A value that is known once the application runs: a port, a generated password, a connection string.</summary>
public interface IValueProvider
{
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>A value in whose place a publisher writes an expression such as <c>{redis.bindings.tcp.host}</c>.</summary>
public interface IManifestExpressionProvider
{
    string ValueExpression { get; }
}

/// <summary>Text with holes that are filled when the application runs, or written out as expressions when it is published.</summary>
public sealed class ReferenceExpression : IValueProvider, IManifestExpressionProvider, ISeenFrom
{
    private readonly IReadOnlyList<object> _parts;

    private ReferenceExpression(IReadOnlyList<object> parts) => _parts = parts;

    /// <summary>What fills the holes.</summary>
    public IEnumerable<IValueProvider> ValueProviders => _parts.OfType<IValueProvider>();

    /// <summary>Text, and what fills the holes, in order. For publishers, which write each in their own way.</summary>
    internal IReadOnlyList<object> Parts => _parts;

    public string ValueExpression =>
        string.Concat(_parts.Select(p => p is IManifestExpressionProvider provider ? provider.ValueExpression : ((string)p).Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal)));

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => new(handler.Parts);

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ((ISeenFrom)this).GetValueAsync(Viewpoint.Host, cancellationToken);

    async ValueTask<string?> ISeenFrom.GetValueAsync(Viewpoint from, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
            text.Append(await from.ReadAsync(part, cancellationToken));
        return text.ToString();
    }

    /// <summary>Takes <c>$"…{endpoint}…"</c> apart. What is not text must be a value and an expression: a parameter, an endpoint's property, another expression.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        internal List<object> Parts { get; } = new((formattedCount * 2) + (literalLength == 0 ? 0 : 1));

        public void AppendLiteral(string value) => Parts.Add(value);

        public void AppendFormatted(string? value) => Parts.Add(value ?? "");

        public void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider => Parts.Add(valueProvider);

        /// <param name="valueProvider">What fills the hole.</param>
        /// <param name="format"><c>uri</c> escapes the value for use in a URI.</param>
        public void AppendFormatted<T>(T valueProvider, string format)
            where T : IValueProvider, IManifestExpressionProvider => Parts.Add(format == "uri" ? new UriEscapedValue(valueProvider) : valueProvider);

        public void AppendFormatted<T>(IResourceBuilder<T> builder)
            where T : IResource, IValueProvider, IManifestExpressionProvider => Parts.Add(builder.Resource);
    }
}

/// <summary>A value with what means something in a URI escaped. A publisher names it after the parameter that it is made of.</summary>
internal sealed class UriEscapedValue(IValueProvider value) : IValueProvider, IManifestExpressionProvider, ISeenFrom
{
    public IValueProvider Value => value;

    public string ValueExpression => value is ParameterResource parameter ? $"{{{parameter.Name}-uri-encoded.value}}" : ((IManifestExpressionProvider)value).ValueExpression;

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ((ISeenFrom)this).GetValueAsync(Viewpoint.Host, cancellationToken);

    async ValueTask<string?> ISeenFrom.GetValueAsync(Viewpoint from, CancellationToken cancellationToken) =>
        Uri.EscapeDataString(await from.ReadAsync(value, cancellationToken));
}
