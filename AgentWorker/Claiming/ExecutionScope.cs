using System.Collections;
using OsMEN.Executions;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>What every log line of an execution carries: what joins it with the request, the trace and the database's row.</summary>
internal sealed class ExecutionScope(Execution asked) : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly Guid _id = asked.Id;
    private readonly string _agent = asked.Target;
    private readonly string _user = asked.User;
    private readonly string? _request = asked.RequestId;
    private readonly string? _trace = asked.TraceId;

    public int Count => 5;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("execution_id", _id),
        1 => new("agent", _agent),
        2 => new("user_id", _user),
        3 => new("request_id", _request),

        // Where nothing is traced here, the request's trace id still joins the lines.
        4 => new("trace_id", _trace),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"{_agent} {_id}";
}
