#!/usr/bin/env python3
"""Compares two results, case by case, by the ratio of their times.

    bench/compare.py BEFORE.json AFTER.json [--clock wall|cpu] [--worse-than 1.05]

Each file is what `scorecam bench --json` wrote, or a program of this folder with --benchmark_out. One line per case that is in
both: median before, median after, after / before, and whether the quartiles of the two meet, where they are known. What is in
one file only is listed after that. Python 3 and its standard library are all that is needed.

Exit status: 0; 1 with --worse-than if a case's ratio is above that, or if a case that was there is missing; 2 for files that
cannot be compared.
"""
from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from dataclasses import dataclass

SECONDS_PER = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
FACTS = ("processor", "hardware_threads", "compiler", "optimised", "version", "engine", "model", "picture", "host_name",
         "num_cpus", "library_build_type")


class CannotCompare(Exception):
    """The message says which file, and what is wrong with it."""


@dataclass
class Measured:
    median: float  # seconds
    q1: float | None = None
    q3: float | None = None


def quartiles(times: list[float]) -> Measured:
    """One time has no quartiles."""
    if len(times) < 2:
        return Measured(times[0])
    q1, median, q3 = statistics.quantiles(times, n=4, method="inclusive")
    return Measured(median, q1, q3)


def of_scorecam(result: dict, clock: str) -> dict[str, Measured]:
    key = {"wall": "seconds", "cpu": "cpu_seconds"}[clock]
    return {case["name"]: Measured(case[key]["median"], case[key]["q1"], case[key]["q3"]) for case in result["cases"]}


def of_google_benchmark(result: dict, clock: str) -> dict[str, Measured]:
    """The repetitions of a case are taken together; where only aggregates were written, their median is taken. bench.maps has
    a median of its own, in seconds."""
    own, key = {"wall": ("wall_s/map", "real_time"), "cpu": ("cpu_s/map", "cpu_time")}[clock]

    def seconds(run: dict) -> float:
        return run[own] if own in run else run[key] * SECONDS_PER[run.get("time_unit", "ns")]

    times: dict[str, list[float]] = {}
    medians: dict[str, float] = {}
    for run in result["benchmarks"]:
        if run.get("error_occurred") or run.get("skipped"):
            continue
        name = run.get("run_name", run["name"])
        if run.get("run_type", "iteration") == "iteration":
            times.setdefault(name, []).append(seconds(run))
        elif run.get("aggregate_name") == "median":
            medians[name] = seconds(run)
    found = {name: Measured(median) for name, median in medians.items()}
    found.update({name: quartiles(all_of_it) for name, all_of_it in times.items()})
    return found


def read(file: str, clock: str) -> tuple[dict, dict[str, Measured]]:
    """The facts about the run, and the times by the cases' names."""
    try:
        with open(file, encoding="utf-8") as opened:
            result = json.load(opened)
    except (OSError, ValueError) as e:
        raise CannotCompare(f"{file}: {e}") from e
    try:
        if "benchmarks" in result:
            times, facts = of_google_benchmark(result, clock), result.get("context", {})
        elif "cases" in result:
            times, facts = of_scorecam(result, clock), result
        else:
            raise CannotCompare(f"{file} is no result of scorecam bench, nor of Google Benchmark")
    except (KeyError, TypeError) as e:
        raise CannotCompare(f"{file}: a case lacks {e}") from e
    wrong = [name for name, time in times.items() if not time.median > 0]
    if wrong:
        raise CannotCompare(f"{file}: the time of {wrong[0]} is not above 0")
    return {fact: facts[fact] for fact in FACTS if fact in facts}, times


def in_units(seconds: float) -> str:
    for unit, size in reversed(SECONDS_PER.items()):
        if seconds >= size:
            break
    return f"{seconds / size:.4g} {unit}"


def quartiles_meet(a: Measured, b: Measured) -> str:
    if a.q1 is None or b.q1 is None:
        return ""
    return "meet" if a.q1 <= b.q3 and b.q1 <= a.q3 else "apart"


def compare(before_file: str, after_file: str, clock: str, worse_than: float | None, only: str) -> int:
    before_facts, before = read(before_file, clock)
    after_facts, after = read(after_file, clock)
    try:
        wanted = re.compile(only)
    except re.error as e:
        raise CannotCompare(f"--only {only} is no regular expression: {e}") from e
    before, after = ({name: t for name, t in times.items() if wanted.search(name)} for times in (before, after))
    common = [name for name in before if name in after]
    if not common:
        raise CannotCompare(f"{before_file} and {after_file} have no case in common")

    rows = [("case", "before", "after", "ratio", "quartiles")]
    for name in common:
        ratio = after[name].median / before[name].median
        rows.append((name, in_units(before[name].median), in_units(after[name].median), f"{ratio:.3f}",
                     quartiles_meet(before[name], after[name])))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for name, a, b, ratio, meet in rows:
        print(f"{name:<{widths[0]}}  {a:>{widths[1]}}  {b:>{widths[2]}}  {ratio:>{widths[3]}}  {meet}".rstrip())
    for name in before:
        if name not in after:
            print(f"only before: {name}")
    for name in after:
        if name not in before:
            print(f"only after: {name}")
    for fact in FACTS:
        if before_facts.get(fact) != after_facts.get(fact):
            print(f"note: {fact} differs: {before_facts.get(fact)} before, {after_facts.get(fact)} after")

    if worse_than is None:
        return 0
    worse = [name for name in common if after[name].median / before[name].median > worse_than]
    missing = [name for name in before if name not in after]
    for name in worse:
        print(f"worse than {worse_than:g}: {name}")
    return 1 if worse or missing else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     epilog="Exit status: 1 with --worse-than if a case is worse or missing, 2 for files "
                                            "that cannot be compared, else 0.")
    parser.add_argument("before", help="JSON of scorecam bench or of Google Benchmark")
    parser.add_argument("after", help="the same, of another time, machine, engine or version")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="wall, or processor time of all threads")
    parser.add_argument("--worse-than", type=float, metavar="RATIO", help="exit with 1 if a case's ratio is above this")
    parser.add_argument("--only", default="", metavar="REGEX", help="the cases whose names have this in them")
    options = parser.parse_args()
    try:
        return compare(options.before, options.after, options.clock, options.worse_than, options.only)
    except CannotCompare as e:
        print(f"compare.py: {e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
