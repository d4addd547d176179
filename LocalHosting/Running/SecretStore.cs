using System.Text.Json;

namespace OsMEN.LocalHosting.Running;

/// <summary>Generated values that outlive a run, in one file that only its owner may read.</summary>
internal sealed class SecretStore(string path)
{
    /// <exception cref="DistributedApplicationException">The file is not what was written there.</exception>
    public string GetOrAdd(string name, Func<string> make)
    {
        var all = Read();
        if (all.TryGetValue(name, out var kept))
            return kept;
        all[name] = make();
        LocalFolder.CreatePrivate(Path.GetDirectoryName(path)!);
        LocalFolder.WritePrivate(path, JsonSerializer.SerializeToUtf8Bytes(all, RunFileJsonContext.Default.SortedDictionaryStringString));
        return all[name];
    }

    private SortedDictionary<string, string> Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), RunFileJsonContext.Default.SortedDictionaryStringString) ?? [] : [];
        }
        catch (JsonException broken)
        {
            throw new DistributedApplicationException($"{path} is not the JSON object of generated secrets that it was: repair it, or delete it for new ones.", broken);
        }
    }
}
