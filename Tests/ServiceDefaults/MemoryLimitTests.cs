using OsMEN.ServiceDefaults.Health;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class MemoryLimitTests
{
    [Theory]
    [InlineData("memory.max", "536870912\n", 536870912L)]
    [InlineData("memory/memory.limit_in_bytes", "268435456\n", 268435456L)]
    [InlineData("memory.max", "max\n", null)]
    [InlineData("memory/memory.limit_in_bytes", "9223372036854771712\n", null)]
    [InlineData("memory.max", "", null)]
    [InlineData("other", "1", null)]
    public void The_limit_is_the_control_group_s_and_else_the_machine_s(string file, string content, long? expected)
    {
        var folder = Directory.CreateTempSubdirectory("osmen-cgroup-");
        try
        {
            var path = Path.Combine(folder.FullName, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
            Assert.Equal(expected ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, MemoryLimit.Bytes(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
