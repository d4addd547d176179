using System.Net;
using System.Net.Mail;
using System.Text;
using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>Email by SMTP, with STARTTLS unless the channel says <c>tls: none</c>.</summary>
internal sealed class EmailChannel : INoticeChannel
{
    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        using var message = new MailMessage
        {
            From = new MailAddress(settings["from"]),
            Subject = NoticeText.Title(settings, notice),
            SubjectEncoding = Encoding.UTF8,
            Body = NoticeText.Body(settings, notice),
            BodyEncoding = Encoding.UTF8,
        };
        foreach (var to in settings["to"].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) message.To.Add(to);

        // A mail program shows a group's mails together, and a mail that comes twice once.
        var domain = message.From.Host;
        message.Headers.Add("Message-ID", $"<{id}@{domain}>");
        message.Headers.Add("References", $"<{notice.Group}@{domain}>");
        message.Headers.Add("Auto-Submitted", "auto-generated");
        var isAscii = message.To.Append(message.From).All(a => Ascii.IsValid(a.User));
        using var smtp = new SmtpClient(settings["host"], settings.Port)
        {
            EnableSsl = settings["tls"] != "none",

            // Only where it must be: a server that passes the mail on may find one that cannot take it.
            DeliveryFormat = isAscii ? SmtpDeliveryFormat.SevenBit : SmtpDeliveryFormat.International,
        };
        if (settings["username"].Length > 0) smtp.Credentials = new NetworkCredential(settings["username"], settings["password"]);
        try
        {
            await smtp.SendMailAsync(message, cancellationToken);
        }
        catch (SmtpFailedRecipientException e) when (message.To.Count > 1)
        {
            // The others have it: a second attempt would reach them twice.
            throw new DeliveryException($"some recipients were refused: {e.StatusCode}", Timeout.InfiniteTimeSpan);
        }
        catch (SmtpException e) when (e is { StatusCode: SmtpStatusCode.GeneralFailure, InnerException: null } && !isAscii)
        {
            throw new DeliveryException("takes no addresses with other letters than ASCII (SMTPUTF8)");
        }
        catch (SmtpException e)
        {
            throw new DeliveryException(e.StatusCode == SmtpStatusCode.GeneralFailure ? "could not be reached" : $"answered {(int)e.StatusCode} {e.StatusCode}");
        }
        catch (Exception e) when (e is System.Security.Authentication.AuthenticationException or IOException or FormatException or InvalidOperationException)
        {
            throw new DeliveryException($"could not be reached: {e.GetType().Name}");
        }
    }
}
