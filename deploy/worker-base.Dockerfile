# A base for the worker's image with Python, for agents such as catalog/agents/log_stats.yaml:
#   docker build -t osmen-worker-base -f deploy/worker-base.Dockerfile deploy
#   dotnet publish AgentWorker -c Release -t:PublishContainer -p:ContainerBaseImage=osmen-worker-base
# SDK publishing reads a base from a registry: push it to yours and name it with its registry.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-minimal \
    && rm -rf /var/lib/apt/lists/*
