namespace OsMEN.Gateway.Problems;

internal static class ProblemsExtensions
{
    /// <summary>Answers to what goes wrong, all of one form.</summary>
    public static void AddProblems(this IHostApplicationBuilder builder)
    {
        builder.Services.AddExceptionHandler<Failures>();
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = ProblemResponse.Complete);
    }
}
