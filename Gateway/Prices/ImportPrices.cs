using System.Data.Common;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Executions.Prices;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Http;

namespace OsMEN.Gateway.Prices;

/// <summary>
/// <c>dotnet run --project Gateway -- import-prices FILE|URL</c>: merges a file of prices into the database that
/// <c>ConnectionStrings__osmen</c> names. Every running gateway and worker has them within two seconds.
/// </summary>
internal static class ImportPrices
{
    private const int MaxBytes = 16 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Returns the exit code: 0, 1 when it failed, 2 when it was called wrongly. An error is one line, and nothing was changed.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (args is not [var source])
        {
            await errors.WriteLineAsync("import-prices takes a file or an https address: a price file in LiteLLM's form");
            return 2;
        }

        try
        {
            var builder = Host.CreateApplicationBuilder();
            using var json = JsonDocument.Parse(await ReadAsync(source, builder.Configuration, cancellationToken));
            var content = PriceFile.Read(json.RootElement);
            if (content.Errors.Count > 0)
                throw new InvalidDataException($"{source}: {string.Join("; ", content.Errors.Take(5).Select(e => $"{e.Name} {e.Error}"))}");

            // Redis has no part in it; nothing connects to this.
            if (string.IsNullOrEmpty(builder.Configuration.GetConnectionString("redis")))
                builder.Configuration["ConnectionStrings:redis"] = "127.0.0.1:1";
            builder.AddServiceDefaults();
            builder.AddExecutions();
            builder.Logging.ClearProviders();
            using var host = builder.Build();
            await host.Services.GetRequiredService<IExecutionStore>().MigrateAsync(cancellationToken);
            if (!await host.Services.GetRequiredService<UserPrices>().MergeAsync(content, cancellationToken))
                throw new InvalidDataException($"There would be more than {UserPrices.MaxEntries} prices.");
            await output.WriteLineAsync($"{content.Entries.Count} prices imported, {content.Removed.Count} removed, {content.Skipped} without a price per token or request passed over");
            return 0;
        }
        catch (Exception e) when (StartupErrors.Explain(e) is { } line)
        {
            await errors.WriteLineAsync(line);
            return StartupErrors.BadConfiguration;
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or IOException or UnauthorizedAccessException or HttpRequestException or DbException or TaskCanceledException)
        {
            await errors.WriteLineAsync(e is JsonException ? $"{source} is not JSON: {e.Message}" : e.Message.ReplaceLineEndings(" "));
            return 1;
        }
    }

    private static async Task<byte[]> ReadAsync(string source, IConfiguration configuration, CancellationToken cancellationToken)
    {
        if (!source.Contains("://", StringComparison.Ordinal))
        {
            return new FileInfo(source) is { Exists: true, Length: > MaxBytes }
                ? throw new InvalidDataException($"{source} is larger than {MaxBytes} bytes.")
                : await File.ReadAllBytesAsync(source, cancellationToken);
        }

        if (!Uri.TryCreate(source, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps)
            throw new InvalidDataException("The address must be https: prices decide what is billed.");
        using HttpMessageHandler handler = configuration.ReadBoolean(PublicNetwork.AllowKey, false) ? new SocketsHttpHandler { MaxAutomaticRedirections = 5 } : PublicNetwork.CreateHandler();
        using var client = new HttpClient(handler) { Timeout = Limit, MaxResponseContentBufferSize = MaxBytes };
        return await client.GetByteArrayAsync(address, cancellationToken);
    }
}
