#!/usr/bin/env bash
# Takes the pictures of README.md in the browser tests of the gateway's dashboard and of Aspire's. Needs Chromium, Python and Redis.
set -euo pipefail
cd "$(dirname "$0")/.."

images=$PWD/docs/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$images"

keep() { # file name
  python3 eng/png8.py "$1" "$images/$2.png"
}

dotnet build OsMEN.sln
OSMEN_SCREENSHOTS=$work dotnet test Tests --no-build --filter "FullyQualifiedName~What_runs_is_seen_in_the_overview"
for page in overview execution costs alerts; do
  keep "$work/readme-$page.png" "gateway-$page"
done

OSMEN_SCREENSHOTS=$work dotnet test Tests --no-build --filter "FullyQualifiedName~Tests.Dashboard.GenAIViewTests"
keep "$work/aspire-trace.png" aspire-trace
keep "$work/aspire-genai-agent.png" aspire-genai
ls -l "$images"
