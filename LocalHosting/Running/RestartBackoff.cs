namespace OsMEN.LocalHosting.Running;

/// <summary>How long to wait before what ended is started again: 1, 2, 4 … 30 s, and from 1 s again once it ran well for a minute.</summary>
internal sealed class RestartBackoff
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_runningWell = TimeSpan.FromMinutes(1);

    private TimeSpan _next = TimeSpan.FromSeconds(1);

    /// <param name="ran">How long it ran since its last start.</param>
    public TimeSpan Next(TimeSpan ran)
    {
        if (ran >= s_runningWell)
            _next = TimeSpan.FromSeconds(1);
        var wait = _next;
        _next = wait * 2 < s_longest ? wait * 2 : s_longest;
        return wait;
    }
}
