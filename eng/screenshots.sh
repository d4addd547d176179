#!/usr/bin/env bash
# Makes the pictures of README.md: those of the gateway's dashboard by its browser tests, those of AppHost's over the real application.
# Needs Chromium, Python, Redis (for the tests) and curl.
set -euo pipefail
cd "$(dirname "$0")/.."

images=$PWD/docs/images
work=$(mktemp -d)
host=
end() {
  if [[ -n $host ]]; then
    # What runs in the background of a script does not hear Ctrl+C.
    kill -TERM "$host" 2>/dev/null || true
    wait "$host" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap end EXIT
mkdir -p "$images"

keep() { # file name
  python3 eng/png8.py "$1" "$images/$2.png"
}

dotnet build OsMEN.sln
OSMEN_SCREENSHOTS=$work dotnet test Tests --no-build --filter "FullyQualifiedName~What_runs_is_seen_in_the_overview"
for page in overview execution costs alerts; do
  keep "$work/readme-$page.png" "gateway-$page"
done

unset OSMEN_API_KEYS
dotnet run --project AppHost --no-build -- --backing embedded >"$work/host.log" 2>&1 &
host=$!
until grep -q 'Ctrl+C stops everything' "$work/host.log"; do
  kill -0 "$host" || { cat "$work/host.log"; exit 1; }
  sleep 0.5
done
login=$(grep -oE 'http://[^ ]+/login\?t=[^ ]+' "$work/host.log" | head -1)
gateway=$(grep -oE 'http://127\.0\.0\.1:[0-9]+/api/v1' "$work/host.log" | head -1)
key=$(grep -oE 'osm_[A-Za-z0-9]+' "$work/host.log" | head -1)
ask() { # path, and what curl takes
  curl -fsS -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$gateway/$1" "${@:2}"
}
for _ in 1 2 3; do
  ask 'agents/support_triage/executions?wait=30s' -d '{"input":{"text":"The invoice export answers 500 since this morning."}}' >/dev/null
done
example=$(ask workflows/review_and_summarise | python3 -c 'import json, sys; print(json.dumps({"input": json.load(sys.stdin)["example"]}))')
trace=$(ask 'workflows/review_and_summarise/executions?wait=60s' -d "$example" | grep -oE '"trace_id":"[0-9a-f]{32}"' | cut -d'"' -f4)

# Spans leave the services every few seconds.
sleep 8
shoot() { # name address
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,800 --virtual-time-budget=6000 --user-data-dir="$work/browser" --screenshot="$work/$1.png" "$2" 2>/dev/null
  keep "$work/$1.png" "apphost-$1"
}
shoot resources "$login"
shoot trace "$login#/traces/$trace"
ls -l "$images"
