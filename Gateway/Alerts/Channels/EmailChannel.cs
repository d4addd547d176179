using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.ServiceDefaults.Http;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>
/// Email by SMTP: TLS from the first byte on port 465 or with <c>tls: implicit</c>, none with <c>tls: none</c>, otherwise a mandatory STARTTLS.
/// </summary>
/// <param name="validateCertificate">Decides whether to trust the server's certificate; null uses the system's certificate authorities.</param>
internal sealed class EmailChannel(RemoteCertificateValidationCallback? validateCertificate = null) : INoticeChannel
{
    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        using var message = Compose(settings, id, notice);
        var isAscii = settings.Mailboxes("to").Concat(settings.Mailboxes("from")).All(m => Ascii.IsValid(m.LocalPart));
        using var smtp = new TolerantClient { ServerCertificateValidationCallback = validateCertificate, CheckCertificateRevocation = false };
        var isSending = false;
        try
        {
            await ConnectAsync(smtp, settings, cancellationToken);
            if (settings["username"].Length > 0) await smtp.AuthenticateAsync(settings["username"], settings["password"], cancellationToken);
            if (!isAscii && !smtp.Capabilities.HasFlag(SmtpCapabilities.UTF8))
                throw new DeliveryException("takes no addresses with other letters than ASCII (SMTPUTF8)");

            // International only where necessary: the next server on the mail's way may not support it.
            isSending = true;
            await smtp.SendAsync(new FormatOptions { International = !isAscii }, message, cancellationToken);
            await smtp.DisconnectAsync(quit: true, cancellationToken);
        }
        catch (NotSupportedException)
        {
            throw new DeliveryException(smtp.IsConnected ? "offers no authentication, but a username is set" : "offers no STARTTLS; tls: implicit or none may be right");
        }
        catch (AuthenticationException)
        {
            throw new DeliveryException("refused the username or password");
        }
        catch (SslHandshakeException)
        {
            throw new DeliveryException("failed the TLS handshake; its certificate may not be trusted, or its port may expect another kind of TLS");
        }
        catch (SmtpCommandException e)
        {
            throw new DeliveryException(string.Create(CultureInfo.InvariantCulture, $"answered {(int)e.StatusCode} {e.StatusCode}"));
        }
        catch (Exception e) when (e is IOException or SocketException or ProtocolException)
        {
            throw new DeliveryException(isSending ? "lost the connection" : $"could not be reached: {e.GetType().Name}", mayHaveArrived: isSending);
        }
        if (smtp.Refused.Count > 0)
        {
            // The others have the mail: another attempt would send it to them twice.
            throw new DeliveryException($"delivered, but refused for {string.Join(", ", smtp.Refused)}", Timeout.InfiniteTimeSpan);
        }
    }

    private static MimeMessage Compose(ChannelSettings settings, string id, Notice notice)
    {
        var from = settings.Mailboxes("from")[0];

        // Mail programs group messages by References, and show a mail that arrives twice under one Message-ID once.
        var message = new MimeMessage
        {
            MessageId = $"{id}@{from.Domain}",
            Date = notice.At,
            Subject = NoticeText.Title(settings, notice),
            Body = new TextPart("plain") { Text = NoticeText.Body(settings, notice) },
        };
        message.From.Add(from);
        message.To.AddRange(settings.Mailboxes("to"));
        message.References.Add($"{notice.Group}@{from.Domain}");
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return message;
    }

    private static async Task ConnectAsync(SmtpClient smtp, ChannelSettings settings, CancellationToken cancellationToken)
    {
        var (host, port) = (settings["host"], settings.Port);
        var security = settings["tls"] switch
        {
            "none" => SecureSocketOptions.None,
            "implicit" => SecureSocketOptions.SslOnConnect,
            _ => port == ChannelSettings.ImplicitTlsPort ? SecureSocketOptions.SslOnConnect : SecureSocketOptions.StartTls,
        };
        if (settings.AllowPrivate)
        {
            await smtp.ConnectAsync(host, port, security, cancellationToken);
        }
        else
        {
            var stream = await PublicNetwork.ConnectAsync(
                new DnsEndPoint(host, port), PublicNetwork.IsPublic, _ => new DeliveryException("the address is not a public one; allow_private: true allows it"), cancellationToken);
            await smtp.ConnectAsync(stream, host, port, security, cancellationToken);
        }
    }

    // Sends to the recipients that the server accepts, and collects the others.
    private sealed class TolerantClient : SmtpClient
    {
        public List<string> Refused { get; } = [];

        protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            Refused.Add(string.Create(CultureInfo.InvariantCulture, $"{mailbox.Address} ({(int)response.StatusCode})"));

        protected override void OnNoRecipientsAccepted(MimeMessage message) => throw new DeliveryException($"refused all recipients: {string.Join(", ", Refused)}");
    }
}
