namespace OsMEN.LocalHosting.Otlp;

/// <summary>Reads the export requests of logs and traces, as far as they are shown.</summary>
internal static class OtlpMessages
{
    private delegate void ReadRecord(TelemetrySource source, string scope, ReadOnlySpan<byte> record);

    public static IReadOnlyList<LogEntry> ReadLogs(ReadOnlySpan<byte> request)
    {
        var logs = new List<LogEntry>();
        Walk(request, (source, scope, record) => logs.Add(ReadLog(source, scope, record)));
        return logs;
    }

    public static IReadOnlyList<SpanEntry> ReadSpans(ReadOnlySpan<byte> request)
    {
        var spans = new List<SpanEntry>();
        Walk(request, (source, scope, record) =>
        {
            if (ReadSpan(source, scope, record) is { } span)
                spans.Add(span);
        });
        return spans;
    }

    public static IReadOnlyList<MetricSample> ReadMetrics(ReadOnlySpan<byte> request)
    {
        var samples = new List<MetricSample>();
        Walk(request, (source, scope, record) => OtlpMetrics.Read(source, scope, record, samples));
        return samples;
    }

    // Logs, traces and metrics are nested alike: 1 the resources; in each 1 who it is, 2 the scopes; in each 1 its name, 2 the records.
    private static void Walk(ReadOnlySpan<byte> request, ReadRecord read)
    {
        var resources = new ProtobufReader(request);
        while (resources.Next())
        {
            if (resources.Field != 1)
            {
                resources.Skip();
                continue;
            }

            var resource = resources.Bytes();
            var source = OtlpCommon.ReadSource(First(resource));
            var scopes = new ProtobufReader(resource);
            while (scopes.Next())
            {
                if (scopes.Field != 2)
                {
                    scopes.Skip();
                    continue;
                }

                var scope = scopes.Bytes();
                var name = OtlpCommon.ReadScopeName(First(scope));
                var records = new ProtobufReader(scope);
                while (records.Next())
                {
                    if (records.Field == 2)
                        read(source, name, records.Bytes());
                    else
                        records.Skip();
                }
            }
        }
    }

    private static ReadOnlySpan<byte> First(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 1)
                return reader.Bytes();
            reader.Skip();
        }

        return [];
    }

    private static LogEntry ReadLog(TelemetrySource source, string scope, ReadOnlySpan<byte> record)
    {
        ulong time = 0, observed = 0;
        var severity = 0;
        var body = "";
        string? traceId = null, spanId = null;
        var attributes = new List<TelemetryAttribute>();
        var reader = new ProtobufReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    time = reader.Fixed64();
                    break;
                case 2:
                    severity = (int)Math.Min(reader.Number(), 24);
                    break;
                case 5:
                    body = OtlpCommon.ReadValue(reader.Bytes());
                    break;
                case 6:
                    OtlpCommon.AddAttribute(attributes, reader.Bytes());
                    break;
                case 9:
                    traceId = OtlpCommon.Id(reader.Bytes());
                    break;
                case 10:
                    spanId = OtlpCommon.Id(reader.Bytes());
                    break;
                case 11:
                    observed = reader.Fixed64();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new()
        {
            Time = Time(time != 0 ? time : observed),
            Severity = severity,
            Source = source,
            Category = scope,
            Message = body,
            TraceId = traceId,
            SpanId = spanId,
            Attributes = attributes,
        };
    }

    private static SpanEntry? ReadSpan(TelemetrySource source, string scope, ReadOnlySpan<byte> record)
    {
        ulong start = 0, end = 0;
        string? traceId = null, spanId = null, parentId = null, status = null;
        var name = "";
        var kind = 0;
        var failed = false;
        var attributes = new List<TelemetryAttribute>();
        var events = new List<SpanEvent>();
        var links = new List<SpanLink>();
        var reader = new ProtobufReader(record);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    traceId = OtlpCommon.Id(reader.Bytes());
                    break;
                case 2:
                    spanId = OtlpCommon.Id(reader.Bytes());
                    break;
                case 4:
                    parentId = OtlpCommon.Id(reader.Bytes());
                    break;
                case 5:
                    name = OtlpCommon.Short(reader.Text());
                    break;
                case 6:
                    kind = (int)Math.Min(reader.Number(), 5);
                    break;
                case 7:
                    start = reader.Fixed64();
                    break;
                case 8:
                    end = reader.Fixed64();
                    break;
                case 9:
                    OtlpCommon.AddAttribute(attributes, reader.Bytes());
                    break;
                case 11 when events.Count < 128:
                    events.Add(ReadEvent(reader.Bytes()));
                    break;
                case 13 when links.Count < 128:
                    links.Add(ReadLink(reader.Bytes()));
                    break;
                case 15:
                    (failed, status) = ReadStatus(reader.Bytes());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return traceId is null || spanId is null ? null : new()
        {
            TraceId = traceId,
            SpanId = spanId,
            ParentId = parentId,
            Name = name,
            Kind = kind,
            Start = Time(start),
            End = Math.Max(Time(start), Time(end)),
            Failed = failed,
            StatusMessage = status,
            Source = source,
            Scope = scope,
            Attributes = attributes,
            Events = events,
            Links = links,
        };
    }

    private static SpanLink ReadLink(ReadOnlySpan<byte> record)
    {
        string? traceId = null, spanId = null;
        var reader = new ProtobufReader(record);
        while (reader.Next())
        {
            if (reader.Field == 1)
                traceId = OtlpCommon.Id(reader.Bytes());
            else if (reader.Field == 2)
                spanId = OtlpCommon.Id(reader.Bytes());
            else
                reader.Skip();
        }

        return new(traceId ?? "", spanId ?? "");
    }

    private static SpanEvent ReadEvent(ReadOnlySpan<byte> record)
    {
        ulong time = 0;
        var name = "";
        var attributes = new List<TelemetryAttribute>();
        var reader = new ProtobufReader(record);
        while (reader.Next())
        {
            if (reader.Field == 1)
                time = reader.Fixed64();
            else if (reader.Field == 2)
                name = OtlpCommon.Short(reader.Text());
            else if (reader.Field == 3)
                OtlpCommon.AddAttribute(attributes, reader.Bytes());
            else
                reader.Skip();
        }

        return new(Time(time), name, attributes);
    }

    private static (bool Failed, string? Message) ReadStatus(ReadOnlySpan<byte> record)
    {
        var failed = false;
        string? message = null;
        var reader = new ProtobufReader(record);
        while (reader.Next())
        {
            if (reader.Field == 2)
                message = OtlpCommon.Short(reader.Text());
            else if (reader.Field == 3)
                failed = reader.Number() == 2;
            else
                reader.Skip();
        }

        return (failed, string.IsNullOrEmpty(message) ? null : message);
    }

    /// <summary>Nanoseconds as they are kept; a time that no clock shows becomes the last one that is.</summary>
    public static long Time(ulong nanoseconds) => (long)Math.Min(nanoseconds, long.MaxValue);
}
