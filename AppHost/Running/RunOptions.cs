using OsMEN.AppHost.Backing;

namespace OsMEN.AppHost.Running;

/// <param name="Backing">What stands behind the connection strings.</param>
/// <param name="Folder">Where the backing's data is.</param>
/// <param name="OtherData">Another backing that has data while this one has none; null where there is nothing to point out.</param>
/// <param name="LoginToken">Signs a browser in to the gateway's dashboard, once.</param>
/// <param name="IsTest">Whether Aspire.Hosting.Testing runs the application.</param>
internal sealed record RunOptions(BackingKind Backing, string Folder, string? OtherData, string LoginToken, bool IsTest);
