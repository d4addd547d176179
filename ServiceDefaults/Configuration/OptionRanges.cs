using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OsMEN.ServiceDefaults.Configuration;

/// <summary>Checks the <see cref="RangeAttribute"/> of options. The framework's own check names neither the key nor what it holds.</summary>
public static class OptionRanges
{
    /// <summary>Fails with a line for each value that is out of its range.</summary>
    /// <param name="section">Of the configuration, where the options come from.</param>
    public static OptionsBuilder<T> ValidateRanges<T>(this OptionsBuilder<T> options, string section)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Services.AddSingleton<IValidateOptions<T>>(new Validator<T>(section));
        return options;
    }

    private sealed class Validator<T>(string section) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var failures = new List<string>();
            foreach (var property in typeof(T).GetProperties())
            {
                var value = property.GetValue(options);
                if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
                    failures.Add(new ConfigurationException($"{section}__{property.Name}", Text(value), $"{Text(range.Minimum)} to {Text(range.Maximum)}").Message);
            }

            return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
        }

        // Long bounds are kept as doubles, which write themselves with an exponent.
        private static string? Text(object? value) => Convert.ToString(value is double number && double.IsInteger(number) ? (long)number : value, CultureInfo.InvariantCulture);
    }
}
