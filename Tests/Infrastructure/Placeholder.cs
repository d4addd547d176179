namespace OsMEN.Tests.Infrastructure;
