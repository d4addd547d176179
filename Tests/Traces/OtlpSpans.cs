using System.Globalization;
using Google.Protobuf;

namespace OsMEN.Tests.Traces;

/// <summary>
/// Reads the fields of OTLP's protobuf that tests assert; other fields are skipped. The numbers are those of opentelemetry-proto's
/// trace.proto, common.proto and resource.proto.
/// </summary>
internal static class OtlpSpans
{
    /// <summary>The spans of an ExportTraceServiceRequest.</summary>
    public static IReadOnlyList<ReceivedSpan> Read(byte[] request)
    {
        var spans = new List<ReceivedSpan>();
        Each(request, (field, resourceSpans) =>
        {
            if (field == 1) ReadResourceSpans(resourceSpans.ReadBytes().ToByteArray(), spans);
            else resourceSpans.SkipLastField();
        });
        return spans;
    }

    private static void ReadResourceSpans(byte[] resourceSpans, List<ReceivedSpan> spans)
    {
        var resource = new List<KeyValuePair<string, string>>();
        var scopes = new List<byte[]>();
        Each(resourceSpans, (field, input) =>
        {
            switch (field)
            {
                case 1: Each(input.ReadBytes().ToByteArray(), (f, i) => ReadAttribute(f, 1, i, resource)); break;
                case 2: scopes.Add(input.ReadBytes().ToByteArray()); break;
                default: input.SkipLastField(); break;
            }
        });
        var service = resource.Single(a => a.Key == "service.name").Value;
        foreach (var scopeSpans in scopes)
        {
            var (scope, encoded) = ("", new List<byte[]>());
            Each(scopeSpans, (field, input) =>
            {
                switch (field)
                {
                    case 1: scope = ReadScopeName(input.ReadBytes().ToByteArray()); break;
                    case 2: encoded.Add(input.ReadBytes().ToByteArray()); break;
                    default: input.SkipLastField(); break;
                }
            });
            spans.AddRange(encoded.Select(span => ReadSpan(span, service, scope)));
        }
    }

    private static string ReadScopeName(byte[] scope)
    {
        var name = "";
        Each(scope, (field, input) =>
        {
            if (field == 1) name = input.ReadString();
            else input.SkipLastField();
        });
        return name;
    }

    private static ReceivedSpan ReadSpan(byte[] encoded, string service, string scope)
    {
        var span = new ReceivedSpan { Service = service, Scope = scope };
        Each(encoded, (field, input) =>
        {
            switch (field)
            {
                case 1: span.TraceId = ReadId(input); break;
                case 2: span.SpanId = ReadId(input); break;
                case 4: span.ParentId = ReadId(input) is { Length: > 0 } parent ? parent : null; break;
                case 5: span.Name = input.ReadString(); break;
                case 6: span.Kind = input.ReadEnum(); break;
                case 7: span.Start = input.ReadFixed64(); break;
                case 9 or 13 or 15:
                    var nested = input.ReadBytes().ToByteArray();
                    if (field == 9) ReadKeyValue(nested, span.Attributes);
                    else if (field == 13) span.Links.Add(ReadLink(nested));
                    else span.Failed = ReadStatusCode(nested) == 2;
                    break;
                default: input.SkipLastField(); break;
            }
        });
        return span;
    }

    private static (string TraceId, string SpanId) ReadLink(byte[] link)
    {
        var (traceId, spanId) = ("", "");
        Each(link, (field, input) =>
        {
            switch (field)
            {
                case 1: traceId = ReadId(input); break;
                case 2: spanId = ReadId(input); break;
                default: input.SkipLastField(); break;
            }
        });
        return (traceId, spanId);
    }

    private static int ReadStatusCode(byte[] status)
    {
        var code = 0;
        Each(status, (field, input) =>
        {
            if (field == 3) code = input.ReadEnum();
            else input.SkipLastField();
        });
        return code;
    }

    private static void ReadAttribute(int field, int attributes, CodedInputStream input, List<KeyValuePair<string, string>> into)
    {
        if (field == attributes) ReadKeyValue(input.ReadBytes().ToByteArray(), into);
        else input.SkipLastField();
    }

    private static void ReadKeyValue(byte[] pair, List<KeyValuePair<string, string>> into)
    {
        var (key, value) = ("", "");
        Each(pair, (field, input) =>
        {
            switch (field)
            {
                case 1: key = input.ReadString(); break;
                case 2: value = ReadValue(input.ReadBytes().ToByteArray()); break;
                default: input.SkipLastField(); break;
            }
        });
        into.Add(new(key, value));
    }

    private static string ReadValue(byte[] any)
    {
        var text = "";
        Each(any, (field, input) =>
        {
            switch (field)
            {
                case 1: text = input.ReadString(); break;
                case 2: text = input.ReadBool() ? "true" : "false"; break;
                case 3: text = input.ReadInt64().ToString(CultureInfo.InvariantCulture); break;
                case 4: text = input.ReadDouble().ToString(CultureInfo.InvariantCulture); break;
                case 5:
                    var values = new List<string>();
                    Each(input.ReadBytes().ToByteArray(), (f, i) => values.Add(ReadValue(i.ReadBytes().ToByteArray())));
                    text = string.Join(',', values);
                    break;
                default: input.SkipLastField(); break;
            }
        });
        return text;
    }

    private static string ReadId(CodedInputStream input) => Convert.ToHexStringLower(input.ReadBytes().Span);

    private static void Each(byte[] message, Action<int, CodedInputStream> read)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0) read(WireFormat.GetTagFieldNumber(tag), input);
    }
}

/// <summary>A span as the receiver got it.</summary>
internal sealed class ReceivedSpan
{
    public required string Service { get; init; }

    /// <summary>The name of the activity source.</summary>
    public required string Scope { get; init; }

    public string TraceId { get; set; } = "";

    public string SpanId { get; set; } = "";

    public string? ParentId { get; set; }

    public string Name { get; set; } = "";

    /// <summary>1 internal, 2 server, 3 client, 4 producer, 5 consumer.</summary>
    public int Kind { get; set; }

    /// <summary>Unix time in nanoseconds.</summary>
    public ulong Start { get; set; }

    public bool Failed { get; set; }

    public List<KeyValuePair<string, string>> Attributes { get; } = [];

    public List<(string TraceId, string SpanId)> Links { get; } = [];

    /// <summary>The value of an attribute; null when the span doesn't have it.</summary>
    public string? Tag(string key) => Attributes.FirstOrDefault(a => a.Key == key).Value;
}
