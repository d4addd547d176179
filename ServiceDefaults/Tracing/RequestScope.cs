using System.Collections;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>What every log line of a request carries. It copies what it needs: a log scope may outlive its request.</summary>
internal sealed class RequestScope(HttpContext context) : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly string _id = context.TraceIdentifier;
    private readonly string _method = context.Request.Method;
    private readonly string? _path = context.Request.Path.Value;
    private readonly IPAddress? _address = context.Connection.RemoteIpAddress;

    /// <summary>Known only once the caller is authenticated.</summary>
    public string? UserId { get; set; }

    /// <summary>The endpoint that routing chose; an exception handler forgets it.</summary>
    public Endpoint? Endpoint { get; set; }

    /// <summary>Whether the client left before the request was finished.</summary>
    public bool Aborted { get; set; }

    /// <summary>The exception that ended the request, also one that an exception handler answered.</summary>
    public Exception? Failure { get; set; }

    public int Count => 5;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("request_id", _id),
        1 => new("method", _method),
        2 => new("path", _path),
        3 => new("ip_address", _address is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : _address),
        4 => new("user_id", UserId),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"{_method} {_path}";
}
