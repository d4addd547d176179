using System.Globalization;
using System.Text.RegularExpressions;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>Fills a rule's texts, and writes its numbers for people.</summary>
internal static partial class AlertText
{
    /// <summary>Each <c>{name}</c> becomes what <paramref name="value"/> says.</summary>
    public static string Fill(string template, Func<string, string> value) => Placeholder().Replace(template, m => value(m.Groups["name"].Value));

    /// <summary>0.05 as 5%, 90 as 90s, 0.25 as 250ms, 10 as $10.</summary>
    public static string Format(double number, AlertUnit unit) => unit switch
    {
        AlertUnit.Percent => $"{Plain(Math.Round(number * 100, 6))}%",
        AlertUnit.Seconds => number is > -1 and < 1 and not 0 ? $"{Plain(number * 1000)}ms" : $"{Plain(number)}s",
        AlertUnit.Bytes => $"{Plain(number)}B",
        AlertUnit.Dollars => $"${Plain(number)}",
        _ => Plain(number),
    };

    public static string Plain(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    public static partial Regex Placeholder();
}
