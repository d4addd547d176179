using System.Globalization;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>Collects what is wrong, up to a limit, and names the fields.</summary>
internal sealed class Faults(int limit = 50)
{
    private const int MaxName = 64;

    private readonly List<FieldError> _list = [];

    public IReadOnlyList<FieldError> List => _list;

    public bool Any => _list.Count > 0;

    public bool Full => _list.Count >= limit;

    public void Add(string field, string message)
    {
        if (!Full)
        {
            _list.Add(new(field, message));
        }
    }

    public static string Member(string field, string name)
    {
        name = Shorten(name, MaxName);
        return field.Length == 0 ? name : $"{field}.{name}";
    }

    public static string Item(string field, int index) => string.Create(CultureInfo.InvariantCulture, $"{field}[{index}]");

    public static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    /// <summary>The first twenty, so that a message stays readable.</summary>
    public static string Names(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(20).Select(n => Shorten(n, MaxName))) + (names.Count > 20 ? ", …" : "");

    public static string Shorten(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }
}
