using System.Buffers.Binary;

namespace OsMEN.LocalHosting.Otlp;

/// <summary>Reads one metric with its points.</summary>
internal static class OtlpMetrics
{
    private const int MaxBuckets = 200;

    public static void Read(TelemetrySource source, string scope, ReadOnlySpan<byte> metric, List<MetricSample> samples)
    {
        string name = "", description = "", unit = "";
        ReadOnlySpan<byte> data = [];
        var type = 0;
        var reader = new ProtobufReader(metric);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = OtlpCommon.Short(reader.Text());
                    break;
                case 2:
                    description = OtlpCommon.Short(reader.Text());
                    break;
                case 3:
                    unit = OtlpCommon.Short(reader.Text());
                    break;
                case 5 or 7 or 9 or 10:
                    type = reader.Field;
                    data = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        var (cumulative, monotonic) = ReadShape(data);
        var kind = (type, monotonic) switch { (9 or 10, _) => MetricKind.Histogram, (7, true) => MetricKind.Counter, _ => MetricKind.Gauge };
        var points = new ProtobufReader(data);
        while (points.Next())
        {
            if (points.Field != 1)
            {
                points.Skip();
                continue;
            }

            var point = new Point(points.Bytes(), type);
            samples.Add(new()
            {
                Source = source,
                Metric = new(source.Service, scope, name),
                Unit = unit,
                Description = description,
                Kind = kind,
                Cumulative = cumulative || kind == MetricKind.Gauge,
                Start = OtlpMessages.Time(point.Start),
                Time = OtlpMessages.Time(point.Time),
                Value = point.Value,
                Sum = point.Sum,
                Bounds = point.Bounds,
                Buckets = point.Buckets,
                Attributes = point.Attributes,
            });
        }
    }

    private static (bool Cumulative, bool Monotonic) ReadShape(ReadOnlySpan<byte> data)
    {
        bool cumulative = false, monotonic = false;
        var reader = new ProtobufReader(data);
        while (reader.Next())
        {
            if (reader.Field == 2)
                cumulative = reader.Number() == 2;
            else if (reader.Field == 3)
                monotonic = reader.Number() == 1;
            else
                reader.Skip();
        }

        return (cumulative, monotonic);
    }

    // The three kinds of points number their fields differently: 7 a number's, 9 a histogram's, 10 an exponential histogram's.
    private readonly ref struct Point
    {
        public Point(ReadOnlySpan<byte> point, int type)
        {
            var attributeField = type switch { 9 => 9, 10 => 1, _ => 7 };
            var isHistogram = type is 9 or 10;
            var reader = new ProtobufReader(point);
            while (reader.Next())
            {
                if (reader.Field == attributeField)
                    OtlpCommon.AddAttribute(Attributes, reader.Bytes());
                else if (reader.Field == 2)
                    Start = reader.Fixed64();
                else if (reader.Field == 3)
                    Time = reader.Fixed64();
                else if (reader.Field == 4)
                    Value = isHistogram ? reader.Fixed64() : reader.Double();
                else if (reader.Field == 5 && isHistogram)
                    Sum = reader.Double();
                else if (reader.Field == 6 && type == 9)
                    Buckets = Packed(reader.Bytes(), BinaryPrimitives.ReadInt64LittleEndian);
                else if (reader.Field == 6 && !isHistogram)
                    Value = (long)reader.Fixed64();
                else if (reader.Field == 7 && type == 9)
                    Bounds = Packed(reader.Bytes(), BinaryPrimitives.ReadDoubleLittleEndian);
                else
                    reader.Skip();
            }

            if (Buckets.Length != Bounds.Length + 1 || Buckets.Length > MaxBuckets)
                (Buckets, Bounds) = ([], []);
        }

        public List<TelemetryAttribute> Attributes { get; } = [];

        public ulong Start { get; }

        public ulong Time { get; }

        public double Value { get; }

        public double Sum { get; }

        public long[] Buckets { get; } = [];

        public double[] Bounds { get; } = [];

        private delegate T ReadNumber<out T>(ReadOnlySpan<byte> source);

        private static T[] Packed<T>(ReadOnlySpan<byte> bytes, ReadNumber<T> read)
        {
            var numbers = new T[Math.Min(bytes.Length / 8, MaxBuckets + 1)];
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] = read(bytes[(i * 8)..]);
            return numbers;
        }
    }
}
