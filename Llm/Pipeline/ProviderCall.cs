namespace OsMEN.Llm.Pipeline;

/// <summary>What is known of a call before anything of its answer has come, told from the HTTP handler up to the meter.</summary>
internal sealed class ProviderCall
{
    private static readonly AsyncLocal<ProviderCall?> Now = new();

    /// <summary>The call that this flow makes.</summary>
    public static ProviderCall? Current => Now.Value;

    /// <summary>The provider answered 200: it works on the request, and bills it.</summary>
    public bool IsAccepted { get; set; }

    /// <summary>The request has left: if no answer comes, the provider may work on it all the same.</summary>
    public bool IsSent { get; set; }

    /// <summary>The provider did not take the request.</summary>
    public void Refuse() => IsAccepted = IsSent = false;

    /// <summary>A new call, which what is called from here on sees as <see cref="Current"/>.</summary>
    public static ProviderCall Begin() => Now.Value = new ProviderCall();
}
