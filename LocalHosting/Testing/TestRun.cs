using System.Reflection;

namespace OsMEN.LocalHosting.Testing;

/// <summary>
/// An AppHost program that runs inside a test's process, on a thread of its own: it writes its model and stops at <c>Build</c>; the
/// test changes the model, builds and starts it, while the program believes that it is in <c>Run</c> until the test is over.
/// </summary>
internal sealed class TestRun
{
    private static readonly AsyncLocal<TestRun?> s_current = new();

    private readonly TaskCompletionSource<DistributedApplicationBuilder> _model = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _built = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _build = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestRun(Assembly program) => Program = program;

    /// <summary>The AppHost.</summary>
    public Assembly Program { get; }

    /// <summary>The run that this code is part of, on the program's own thread; elsewhere null.</summary>
    public static TestRun? Current => s_current.Value;

    /// <summary>What the application keeps; gone when the test is over.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("osmen-test-").FullName;

    /// <summary>Runs the program until its model is complete.</summary>
    /// <exception cref="DistributedApplicationException">It ended without building one.</exception>
    public static Task<DistributedApplicationBuilder> StartAsync(Assembly program, string[] args, CancellationToken cancellationToken)
    {
        var main = program.EntryPoint ?? throw new ArgumentException($"{program.GetName().Name} is no program.", nameof(program));
        var run = new TestRun(program);
        new Thread(() => run.Run(main, args)) { IsBackground = true, Name = "AppHost" }.Start();
        return run._model.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The program's <c>Build</c>: hands the model to the test, and goes on when the test builds.</summary>
    public void AwaitBuild(DistributedApplicationBuilder builder)
    {
        _model.TrySetResult(builder);
        _build.Task.GetAwaiter().GetResult();
    }

    /// <summary>What the program's <c>Build</c> has made.</summary>
    public void SetBuilt(DistributedApplication application) => _built.TrySetResult(application);

    /// <summary>The test's <c>BuildAsync</c>.</summary>
    public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken)
    {
        _build.TrySetResult();
        return _built.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The program's <c>Run</c>.</summary>
    public Task AwaitEndAsync() => _over.Task;

    /// <summary>Lets the program end.</summary>
    public void End()
    {
        _build.TrySetException(new OperationCanceledException());
        _over.TrySetResult();
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private void Run(MethodInfo main, string[] args)
    {
        s_current.Value = this;
        try
        {
            if (main.Invoke(null, main.GetParameters().Length == 0 ? null : [args]) is Task running)
                running.GetAwaiter().GetResult();
            Fail(new DistributedApplicationException($"{main.DeclaringType?.Assembly.GetName().Name} ended without building an application."));
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            Fail(e.InnerException);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Fail(Exception e)
    {
        _model.TrySetException(e);
        _built.TrySetException(e);
    }
}
