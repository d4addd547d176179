namespace OsMEN.Executions.Retention;

/// <summary>Where a batch goes on: after this execution's chunk with this first number.</summary>
public readonly record struct TrimPosition(Guid Execution, long FirstSeq);

/// <summary>What one batch did.</summary>
/// <param name="Seen">Rows that it looked at; fewer than asked for means that it came to the end.</param>
/// <param name="Removed">Those of them that it removed.</param>
/// <param name="Bytes">What the removed ones took, about.</param>
/// <param name="Last">The last one that it looked at; the default where there was none.</param>
public sealed record TrimBatch(int Seen, int Removed, long Bytes, TrimPosition Last);

/// <summary>What one kind of data takes.</summary>
/// <param name="What"><c>database</c>, which is all, <c>executions</c>, <c>events</c>, <c>calls</c> or <c>journal</c>.</param>
/// <param name="Bytes">With its indexes, and with room that is free inside; null where the store can't tell.</param>
/// <param name="Oldest">When its oldest row was made; null where it has none.</param>
public sealed record StoredData(string What, long? Bytes, DateTimeOffset? Oldest);
