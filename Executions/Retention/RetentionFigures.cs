namespace OsMEN.Executions.Retention;

/// <summary>A kind of data, what is kept of it and what is there.</summary>
/// <param name="KeptSeconds">What is older goes; 0 is at once.</param>
/// <param name="MaxBytes">Null for any.</param>
/// <param name="MaxRows">Null for any.</param>
/// <param name="Bytes">That it takes; null where nobody can tell.</param>
/// <param name="Oldest">When its oldest row was made; null where it has none, or nobody can tell.</param>
/// <param name="Removed">Rows of it that the last pass removed; null where nobody knows of one.</param>
public sealed record RetainedKind(string What, double KeptSeconds, long? MaxBytes, long? MaxRows, long? Bytes, DateTimeOffset? Oldest, long? Removed);

/// <summary>How retention stands, for people to see.</summary>
/// <param name="DueAt">From when on the next pass may run; null where this process knows of none.</param>
/// <param name="LastAt">When the last pass began; null while Redis, where it is noted, is away, and before the first.</param>
/// <param name="LastSeconds">How long it took, with its pauses.</param>
public sealed record RetentionFigures(bool Enabled, DateTimeOffset? DueAt, DateTimeOffset? LastAt, double? LastSeconds, IReadOnlyList<RetainedKind> Kinds);
