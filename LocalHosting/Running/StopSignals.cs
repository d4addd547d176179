using System.Runtime.InteropServices;

namespace OsMEN.LocalHosting.Running;

/// <summary>Ctrl+C, SIGTERM and SIGHUP: the first asks everything to stop, the second kills.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _hurry = new();
    private readonly CancellationTokenSource _stop;
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="listen">Whether to listen to signals at all; if not, only the token stops.</param>
    /// <param name="cancellationToken">Stops too.</param>
    public StopSignals(bool listen, CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _registrations = !listen ? [] :
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal),
        ];
    }

    public CancellationToken Stop => _stop.Token;

    public CancellationToken Hurry => _hurry.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
        _hurry.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.IsCancellationRequested)
            _hurry.Cancel();
        else
            _stop.Cancel();
    }
}
