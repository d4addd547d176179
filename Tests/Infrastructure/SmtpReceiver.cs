using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A mail that was received.</summary>
internal sealed record ReceivedMail(string From, IReadOnlyList<string> To, string Data)
{
    public string Subject => Header("Subject");

    public string Header(string name) => Data.Split('\n').Single(l => l.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];
}

/// <summary>A mail server on 127.0.0.1 that keeps what it receives.</summary>
internal sealed class SmtpReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _accepting;

    public SmtpReceiver()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<ReceivedMail> Mails { get; } = new();

    /// <summary>Refuses every mail with 451 while true.</summary>
    public bool Refuses { get; set; }

    /// <summary>Takes addresses of any letters (SMTPUTF8, RFC 6531) while true.</summary>
    public bool TakesAnyLetters { get; set; }

    /// <summary>Runs between a mail and the answer to it.</summary>
    public Func<CancellationToken, Task> During { get; set; } = _ => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stopped.Token));
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        await writer.WriteLineAsync("220 test");
        var (from, to) = ("", new List<string>());
        while (await reader.ReadLineAsync(_stopped.Token) is { } line)
        {
            if (line.StartsWith("MAIL FROM:", StringComparison.OrdinalIgnoreCase)) from = Address(line);
            if (line.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase)) to.Add(Address(line));
            if (line == "QUIT") return;
            if (line == "DATA")
            {
                await writer.WriteLineAsync("354 go on");
                var data = new StringBuilder();
                while (await reader.ReadLineAsync(_stopped.Token) is { } part && part != ".") data.Append(part).Append('\n');
                Mails.Enqueue(new(from, [.. to], data.ToString()));
                await During(_stopped.Token);
            }
            if (TakesAnyLetters && line.StartsWith("EHLO", StringComparison.OrdinalIgnoreCase))
                await writer.WriteAsync("250-test\r\n250-SMTPUTF8\r\n");
            await writer.WriteLineAsync(Refuses && line.StartsWith("MAIL", StringComparison.OrdinalIgnoreCase) ? "451 try again later" : "250 ok");
        }
    }

    private static string Address(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
}
