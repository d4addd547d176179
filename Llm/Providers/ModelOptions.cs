using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>
/// Fields of a provider's own request that an agent sets (<c>model_options</c>): they are sent as they are, whether or not this build knows
/// them. They travel in <see cref="ChatOptions.AdditionalProperties"/> until the provider's client writes them into the request.
/// </summary>
public static class ModelOptions
{
    private const string Key = "model_options";

    /// <summary>Sets the fields on a request.</summary>
    /// <param name="json">The text of a JSON object in the provider's format.</param>
    public static void Set(ChatOptions options, string json)
    {
        ArgumentNullException.ThrowIfNull(options);
        (options.AdditionalProperties ??= [])[Key] = JsonElement.Parse(json);
    }

    internal static JsonElement? Of(ChatOptions? options) =>
        options?.AdditionalProperties?.TryGetValue(Key, out JsonElement fields) == true ? fields : null;

    internal static ChatOptions Without(ChatOptions options)
    {
        var copy = options.Clone();
        copy.AdditionalProperties!.Remove(Key);
        return copy;
    }
}
