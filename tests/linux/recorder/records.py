#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Merges the records of two boots, and compares two records.

  records.py merge FIRST SECOND       the first, with what the second says of its stability
  records.py compare SHIPPED NEW      how many steps agree; exit status 1 if some do not
  records.py show FILE [OPERATION...] readable, for a look at a difference
"""
import json
import sys


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def is_step(line):
    return "step" in line


def steps(all_lines):
    return {(line["op"], line["step"]): line for line in all_lines if is_step(line)}


def flaky(all_lines):
    return {line["op"] for line in all_lines if line.get("flaky")}


def merge(first, second):
    """The first record; a step is stable if the second boot did the same."""
    other = steps(second)
    for line in first:
        if "kernel" in line:
            line["runs"] = 2
        if is_step(line):
            stable = line == other.get((line["op"], line["step"]))
            events = line.pop("ev")
            line["stable"] = stable
            line["ev"] = events
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


def caused_by_own_memory(event):
    """Calls for all addresses also come from the program's own pages, as often as it has some."""
    return event["cb"] == "cpu_flush_batch" or (
        event["cb"] == "sec_tlb" and event.get("reg") == "all")


def difference(shipped, new):
    """Why two recordings of a step are not the same; None if they are."""
    for key in ("do", "ret", "errno", "note", "pre", "post"):
        if shipped.get(key) != new.get(key):
            return f"{key}: {shipped.get(key)!r}, now {new.get(key)!r}"
    if len(shipped["ev"]) != len(new["ev"]):
        return f"{len(shipped['ev'])} events, now {len(new['ev'])}"
    for index, (one, two) in enumerate(zip(shipped["ev"], new["ev"])):
        if one != two:
            return f"event {index}: {text(one)}, now {text(two)}"
    return None


def only_own_memory(shipped, new):
    """Whether they agree but for calls that the program's own memory caused."""
    reduced = [dict(step, ev=[event for event in step["ev"] if not caused_by_own_memory(event)])
               for step in (shipped, new)]
    return difference(*reduced) is None


def compare(shipped_lines, new_lines):
    shipped, new = steps(shipped_lines), steps(new_lines)
    timing = flaky(shipped_lines)
    chosen = {op for op, _ in new}
    left_out = sorted({op for op, _ in shipped} - chosen)
    shipped = {key: step for key, step in shipped.items() if key[0] in chosen}
    counts = dict.fromkeys(("equal", "own", "varies", "differs", "missing"), 0)
    report = []
    for key, step in shipped.items():
        other = new.get(key)
        why = difference(step, other) if other else None
        if not other:
            kind, why = "missing", "not recorded"
        elif why is None:
            kind = "equal"
        elif not step["stable"] or not other["stable"] or key[0] in timing:
            kind = "varies"
        elif only_own_memory(step, other):
            kind = "own"
        else:
            kind = "differs"
        counts[kind] += 1
        if kind != "equal":
            report.append(f"  {kind}: {key[0]} {key[1]} {step['do']!r}: {why}")
    print("\n".join(report))
    if left_out:
        print(f"operations that were not recorded: {' '.join(left_out)}")
    print(f"{counts['equal']} of {len(shipped)} steps are equal; {counts['varies']} depend on "
          f"timing; {counts['own']} differ in calls for the program's own memory; "
          f"{counts['differs']} differ; {counts['missing']} are missing")
    return 1 if counts["differs"] or counts["missing"] else 0


def text(event):
    return " ".join(f"{key}={value}" for key, value in event.items())


def show(all_lines, names):
    for line in all_lines:
        if "op" not in line or (names and line["op"] not in names):
            continue
        if not is_step(line):
            print(f"\n{line['op']}: {line['about']}; {line['setup']}")
            continue
        facts = {key: line[key] for key in ("ret", "errno", "note", "stable") if key in line}
        print(f" {line['step']}. {line['do']} {facts}")
        if "pre" in line:
            print(f"      {line['pre']}\n      {line['post']}")
        for event in line["ev"]:
            print("    -", text(event))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "merge":
        merge(lines(sys.argv[2]), lines(sys.argv[3]))
        return 0
    if len(sys.argv) == 4 and sys.argv[1] == "compare":
        return compare(lines(sys.argv[2]), lines(sys.argv[3]))
    if len(sys.argv) >= 3 and sys.argv[1] == "show":
        show(lines(sys.argv[2]), sys.argv[3:])
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
