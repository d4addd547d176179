"""Counts a log by level, hour and message. Speaks the protocol of docs/process-agents.md."""
import collections
import json
import re
import sys

LEVEL = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE)
HOUR = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d):\d\d")
VARIABLE = re.compile(r"\b(?:[0-9a-f]{4,}(?:-[0-9a-f]+)+|\d[\d.:-]*\w*)\b", re.IGNORECASE)


def say(**message):
    print(json.dumps(message), flush=True)


def main():
    request = json.loads(sys.stdin.readline())
    given = request["input"]
    text = given if isinstance(given, str) else given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str) or not text.strip():
        say(type="error", error="BadInput", message="The input needs a text: the log to count.")
        return
    lines = [line for line in text.splitlines() if line.strip()]
    say(type="log", log=f"Reading {len(lines)} lines")
    levels, hours, messages = collections.Counter(), collections.Counter(), collections.Counter()
    for line in lines:
        level = LEVEL.search(line)
        levels[level.group(1).upper().replace("WARNING", "WARN") if level else "NONE"] += 1
        hour = HOUR.search(line)
        if hour:
            hours[f"{hour.group(1)}T{hour.group(2)}"] += 1
        rest = line[level.end():] if level else line
        messages[VARIABLE.sub("#", rest).strip()] += 1
    for level, count in levels.most_common():
        say(type="output", delta=f"{level}: {count}\n")
    say(type="result", output={
        "lines": len(lines),
        "levels": dict(levels.most_common()),
        "hours": dict(sorted(hours.items())),
        "top_messages": [{"message": m, "count": c} for m, c in messages.most_common(10)],
    })


main()
