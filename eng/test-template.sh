#!/bin/bash
# Makes a solution of the template, as a package and as this folder, and checks that it builds, passes a part of its tests and runs.
# A part: what is renamed, published, embedded by name or run as a process. The rest is the code that is tested here.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD work=$(mktemp -d) host=
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDTERMINALLOGGER=off MSBUILDDISABLENODEREUSE=1 OSMEN_BACKING= OSMEN_API_KEYS=

finish() {
  if [ -n "$host" ]; then kill -KILL -- "-$host" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
# As root, native servers run as another user, who has to get in.
chmod 755 "$work"

fail() {
  echo "error: $*"
  exit 1
}

# create FOLDER HIVE NAME [options]
create() {
  local folder=$1 hive=$2 name=$3
  shift 3
  dotnet new osmen -n "$name" -o "$folder" "$@" --debug:custom-hive "$hive"
}

echo "--- package and folder give the same"
dotnet pack eng/template -o "$work/package"
dotnet new install "$work"/package/OsMEN.Templates.*.nupkg --debug:custom-hive "$work/hive"
dotnet new install . --debug:custom-hive "$work/folder-hive"
solution="$work/a folder/Acme.Agents"
create "$solution" "$work/hive" Acme.Agents
create "$work/from-folder" "$work/folder-hive" Acme.Agents
diff -r "$solution" "$work/from-folder"

echo "--- everything has the new name, and nothing of the repository's own is left"
cd "$solution"
for file in Acme.Agents.sln deploy/helm/acme-agents/Chart.yaml .editorconfig .gitignore LICENSE; do
  [ -f "$file" ] || fail "$file is missing"
done
for file in .ci/run eng/stand-in-images.sh; do
  [ -x "$file" ] || fail "$file is not executable"
done
[ ! -e bench ] && [ ! -e .git ] && [ ! -e .template.config ] && [ ! -e CHANGELOG.md ] || fail "it holds what is the repository's own: $(ls -A)"
if grep -rIn OsMEN . | grep -v "^./LICENSE:"; then fail "lines with the old name"; fi
if grep -rInE "fromTemplate|osmen-(gateway|agentworker)|(helm/|Secret: |PROJECT_NAME=|part-of: | name: |\{name: |^name: )osmen\b|dotnet new osmen|test-template" .; then fail "lines that belong to the template"; fi
if grep -rInE '\]\([^)]*bench/|bench.Bench|dotnet build bench' .; then fail "links to benchmarks, or their project"; fi
if find . -iname "*osmen*" | grep -vE "/(osmen.css|osmen.yaml)$"; then fail "files with the old name"; fi

# What the template engine takes for a condition of its own (a Condition on metadata in a project file, for one) it removes without a word.
find . -type f | while read -r file; do
  original=${file//Acme.Agents/OsMEN} original=$repository/${original//helm\/acme-agents/helm/osmen}
  grep -q fromTemplate "$original" || [ "$(wc -l <"$file")" = "$(wc -l <"$original")" ] || fail "$file lost lines"
done

echo "--- choices"
create "$work/sqlite" "$work/hive" "My 1st-team" --storage sqlite
grep -q 'Default = "auto";' AppHost/Backing/BackingChoice.cs || fail "the default backing is not auto"
grep -q 'Default = "embedded";' "$work/sqlite/AppHost/Backing/BackingChoice.cs" || fail "--storage does not set the default backing"
grep -q "^namespace My_1st_team.Gateway" "$work/sqlite/Gateway/RequestLimits.cs" || fail "a name that is no namespace is not made one"
grep -q "^name: my-1st-team$" "$work/sqlite/deploy/helm/my-1st-team/Chart.yaml" || fail "a name that is no chart's is not made one"

grep -q '"acme_agents_"' "$solution/ServiceDefaults/Tracing/TelemetryOptions.cs" || fail "the metric prefix does not follow the name"
if grep -rIn "osmen_" . ; then fail "metrics with the old prefix"; fi

echo "--- build"
dotnet build Acme.Agents.sln -warnaserror

echo "--- tests"
tests=Acme.Agents.Tests
dotnet test Tests --no-build --filter \
  "FullyQualifiedName~$tests.Publishing|FullyQualifiedName~$tests.WholeSystem|FullyQualifiedName~$tests.Catalog|FullyQualifiedName~$tests.Llm|FullyQualifiedName~$tests.ServiceDefaults.MetricsTests"

echo "--- AppHost"
# A group of its own, which Ctrl+C in a terminal would reach. Without job control bash starts it deaf to SIGINT, as does a caller that is deaf itself.
set -m
env --default-signal=INT dotnet run --project AppHost --no-build -- --backing embedded >"$work/apphost.log" 2>&1 &
host=$!
set +m
timeout 120 sh -c "until grep -q 'Press Ctrl+C to stop' '$work/apphost.log'; do kill -0 $host || exit 1; sleep 0.1; done" || { cat "$work/apphost.log"; fail "AppHost did not get ready"; }
sed -n "/^curl '/,/-d '/p" "$work/apphost.log" >"$work/request.sh"
bash "$work/request.sh" >"$work/answer.json" || { cat "$work/request.sh"; fail "the printed request failed"; }
grep -q '"status": *"COMPLETED"' "$work/answer.json" || { cat "$work/answer.json"; fail "the execution did not complete"; }
kill -INT -- "-$host"
wait "$host" || { cat "$work/apphost.log"; fail "AppHost ended with an error"; }
host=
if grep -E " (exited with code|could not be started|refuses)" "$work/apphost.log"; then fail "something did not run"; fi
if pgrep -af "$work"; then fail "processes are left"; fi
[ ! -e .osmen/run.json ] || fail ".osmen/run.json is left"
[ "$(cd "$repository" && git status --porcelain 2>/dev/null | grep -c 'eng/template/bin')" = 0 ] || fail "packing leaves files in the repository"
