using System.Security.Cryptography;

namespace OsMEN.LocalHosting;

/// <summary>A value from outside: from the environment as <c>Parameters__name</c> (hyphens as underscores), or generated.</summary>
public sealed class ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret) : Resource(name), IValueProvider, IManifestExpressionProvider
{
    private string? _value;

    /// <summary>Whether it is kept out of everything that is shown.</summary>
    public bool Secret => secret;

    /// <summary>What makes the value where none is given.</summary>
    public ParameterDefault? Default { get; init; }

    /// <summary>Whether another resource made it for itself. Publishers write those last, as Aspire does.</summary>
    internal bool IsImplicit { get; set; }

    public string ValueExpression => $"{{{Name}.value}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        lock (Annotations)
            return new(_value ??= callback(Default));
    }
}

/// <summary>What makes a parameter's value where none is given.</summary>
public abstract class ParameterDefault
{
    public abstract string GetDefaultValue();
}

/// <summary>Random letters and digits.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";

    /// <summary>Characters; 22 unless given.</summary>
    public int MinLength { get; init; } = 22;

    /// <summary>Whether there may be punctuation; true as in Aspire unless said otherwise.</summary>
    public bool Special { get; init; } = true;

    public override string GetDefaultValue() =>
        RandomNumberGenerator.GetString(Letters + "0123456789" + (Special ? "-_.~" : ""), MinLength);
}
