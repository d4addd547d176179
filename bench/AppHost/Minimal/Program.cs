// What Aspire itself costs: one web project, started as Aspire starts projects. The port is the argument.
using System.Globalization;

var builder = DistributedApplication.CreateBuilder(args);
builder.AddProject<Projects.Web>("web", launchProfileName: null).WithHttpEndpoint(port: int.Parse(args[0], CultureInfo.InvariantCulture));
builder.Build().Run();
