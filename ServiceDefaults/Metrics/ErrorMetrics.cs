using System.Diagnostics.Metrics;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Errors of any component, by type, in <c>errors_total</c>.</summary>
public sealed class ErrorMetrics
{
    private readonly Counter<long> _errors;
    private readonly LabelLimit _types;

    public ErrorMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _errors = metrics.Counter(MetricCatalog.Errors);
        _types = metrics.Limit(MetricCatalog.Errors, 200);
    }

    /// <summary>One error. A type that is not of the code, such as what an agent's program calls it, is bounded.</summary>
    /// <param name="component">Who met it: <c>http</c>, <c>agents</c>, …; of the code, not of data.</param>
    /// <param name="type">An exception's or an error's type, never its message.</param>
    public void Count(string component, string type) => Add(1, component, type);

    /// <summary>Shows types at 0 before the first occurs, so that a rate sees that one too.</summary>
    public void Expect(string component, params ReadOnlySpan<string> types)
    {
        foreach (var type in types) Add(0, component, type);
    }

    private void Add(int count, string component, string type) => _errors.Add(count, new("error_type", _types.Fold(type)), new("component", component));
}
