using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using OsMEN.ServiceDefaults.Logging;
using Serilog.Events;

namespace OsMEN.ServiceDefaults.Configuration;

/// <summary>
/// Turns a start that fails for a reason which the user can mend into one line on stderr and an exit code:
/// <code>return await StartupErrors.RunAsync(async () =&gt; { var builder = …; await app.RunAsync(); });</code>
/// </summary>
public static partial class StartupErrors
{
    /// <summary>The exit code of a process whose configuration is wrong: EX_CONFIG of sysexits.h. A supervisor need not start it again.</summary>
    public const int BadConfiguration = 78;

    /// <summary>
    /// Runs <paramref name="host"/> and returns 0, or <see cref="BadConfiguration"/> after writing one line to
    /// <paramref name="error"/> (stderr by default). Every other exception passes through.
    /// </summary>
    public static async Task<int> RunAsync(Func<Task> host, TextWriter? error = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            await host();
            return 0;
        }
        catch (Exception e) when (Explain(e) is { } line)
        {
            await (error ?? Console.Error).WriteLineAsync(line);
            return BadConfiguration;
        }
    }

    /// <summary>The one line for an exception that a wrong configuration causes; null for any other.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        ConfigurationException e => OneLine(e.Message),
        OptionsValidationException e => OneLine(string.Join("; ", e.Failures)),
        InvalidOperationException { InnerException: not null } e when Unbound().Match(e.Message) is { Success: true } what => OneLine(
            new ConfigurationException(what.Groups["key"].Value.Replace(":", "__", StringComparison.Ordinal), what.Groups["value"].Value, Allowed(what.Groups["type"].Value)).Message),
        IOException { InnerException: AddressInUseException } e => OneLine($"{e.Message} Set ASPNETCORE_URLS (or HTTP_PORTS) to a free address."),
        AggregateException { InnerExceptions: [var inner] } => Explain(inner),
        _ => null,
    };

    /// <summary>Whether this is the host's own report of a failure that <see cref="RunAsync"/> prints as one line: it would repeat it with a stack.</summary>
    internal static bool IsRepeatedBy(LogEvent logEvent) =>
        logEvent is { Level: LogEventLevel.Error, Exception: { } exception }
        && LogFields.EventNameOf(logEvent) == "HostedServiceStartupFaulted" && LogFields.CategoryOf(logEvent) == "Microsoft.Extensions.Hosting.Internal.Host"
        && Explain(exception) is not null;

    private static string Allowed(string type) => type switch
    {
        "System.Boolean" => "true or false",
        "System.TimeSpan" => "a time such as 00:00:30, or 1.00:00:00 for a day",
        "System.Int32" or "System.Int64" => "a whole number",
        "System.Decimal" or "System.Double" => "a number",
        _ => $"a value of {type[(type.LastIndexOf('.') + 1)..]}, see docs/operations.md",
    };

    // What the binder of options says; it has no exception of its own.
    [GeneratedRegex("^Failed to convert configuration value '(?<value>.*)' at '(?<key>[^']*)' to type '(?<type>[^']*)'\\.$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Unbound();

    private static string OneLine(string message) => SecretRedactor.Redact(message.ReplaceLineEndings(" "));
}
