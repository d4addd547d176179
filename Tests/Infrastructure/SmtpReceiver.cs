using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MimeKit;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A mail that was received.</summary>
internal sealed record ReceivedMail(string From, IReadOnlyList<string> To, MimeMessage Message, bool IsEncrypted)
{
    public string Subject => Message.Subject ?? "";

    public string Header(string name) => Message.Headers[name] ?? throw new ArgumentException($"The mail has no {name}.", nameof(name));
}

/// <summary>How an <see cref="SmtpReceiver"/> encrypts.</summary>
public enum SmtpTls
{
    None,
    StartTls,
    Implicit,
}

/// <summary>A mail server on 127.0.0.1 that keeps what it receives.</summary>
internal sealed class SmtpReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly SmtpTls _tls;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _accepting;

    /// <exception cref="SocketException">The port cannot be bound.</exception>
    public SmtpReceiver(SmtpTls tls = SmtpTls.None, int port = 0)
    {
        _tls = tls;
        if (tls != SmtpTls.None)
            Certificate = SelfSigned();
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<ReceivedMail> Mails { get; } = new();

    /// <summary>The self-signed certificate that it shows; null without TLS.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Refuses every mail with 451 while true.</summary>
    public bool Refuses { get; set; }

    /// <summary>Recipients that it refuses with 550.</summary>
    public IReadOnlyList<string> RefusedRecipients { get; set; } = [];

    /// <summary>Takes addresses of any letters (SMTPUTF8, RFC 6531) while true.</summary>
    public bool TakesAnyLetters { get; set; }

    /// <summary>Runs between a mail and the answer to it.</summary>
    public Func<CancellationToken, Task> During { get; set; } = _ => Task.CompletedTask;

    /// <summary>Runs before the answer to QUIT.</summary>
    public Func<CancellationToken, Task> BeforeQuit { get; set; } = _ => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopped.Dispose();
        Certificate?.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stopped.Token));
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        Stream stream = client.GetStream();
        if (_tls == SmtpTls.Implicit) stream = await EncryptAsync(stream);
        if (await ServeAsync(stream, isEncrypted: _tls == SmtpTls.Implicit, greets: true))
            await ServeAsync(await EncryptAsync(stream), isEncrypted: true, greets: false);
    }

    // Returns true when the client asked for TLS.
    private async Task<bool> ServeAsync(Stream stream, bool isEncrypted, bool greets)
    {
        var reader = new StreamReader(stream, Encoding.UTF8);
        var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        if (greets) await writer.WriteLineAsync("220 test");
        var (from, to) = ("", new List<string>());
        while (await reader.ReadLineAsync(_stopped.Token) is { } line)
        {
            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    var startTls = _tls == SmtpTls.StartTls && !isEncrypted ? "250-STARTTLS\r\n" : "";
                    await writer.WriteLineAsync($"250-test\r\n250-PIPELINING\r\n{startTls}{(TakesAnyLetters ? "250-SMTPUTF8\r\n" : "")}250 8BITMIME");
                    break;
                case "STARTTLS":
                    await writer.WriteLineAsync("220 go on");
                    return true;
                case "MAIL":
                    from = Address(line);
                    await writer.WriteLineAsync(Refuses ? "451 try again later" : "250 ok");
                    break;
                case "RCPT" when RefusedRecipients.Contains(Address(line), StringComparer.Ordinal):
                    await writer.WriteLineAsync("550 no such user");
                    break;
                case "RCPT":
                    to.Add(Address(line));
                    await writer.WriteLineAsync("250 ok");
                    break;
                case "DATA":
                    await writer.WriteLineAsync("354 go on");
                    Mails.Enqueue(new(from, [.. to], await ReadMessageAsync(reader), isEncrypted));
                    await During(_stopped.Token);
                    await writer.WriteLineAsync("250 ok");
                    break;
                case "QUIT":
                    await BeforeQuit(_stopped.Token);
                    await writer.WriteLineAsync("221 bye");
                    return false;
                default:
                    await writer.WriteLineAsync("250 ok");
                    break;
            }
        }

        return false;
    }

    private async Task<MimeMessage> ReadMessageAsync(StreamReader reader)
    {
        var data = new StringBuilder();
        while (await reader.ReadLineAsync(_stopped.Token) is { } part && part != ".") data.Append(part).Append("\r\n");
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(data.ToString()));
        return await MimeMessage.LoadAsync(bytes, _stopped.Token);
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        var encrypted = new SslStream(stream);
        await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stopped.Token);
        return encrypted;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        // SslStream on Windows cannot use a key that exists in memory only.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private static string Address(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
}
