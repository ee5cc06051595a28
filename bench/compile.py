#!/usr/bin/env python3
"""What one translation unit costs to compile: processor seconds and peak memory, by what it includes and calls.

    bench/compile.py [--compiler g++] [--flags=-O2] [--root REPOSITORY] [--repetitions 3] [--only NAME] [--json FILE]

Each case is compiled as often as is asked, in rounds over all of them. The table has the medians, and beside them the least and
the most. The seconds are those of all of the compiler's processes (user and system); the memory, in 10^6 bytes, is that of
the largest one. The include folders are found below the root: include, backends/*/*/include and backends/*/include, so that another
checkout, or an older one, can be measured by the same script. A case that does not compile is said so, and makes exit
status 1; on older code that a case cannot know of, name the others with --only.

Python 3 and its standard library are all that is needed, and the packages of what is compiled (Eigen).
"""
from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

COMBINATIONS = [
    "scorecam::target{0}",
    "scorecam::target{0}, scorecam::logit{}, scorecam::softmax_weights{}",
    "scorecam::top{3}, scorecam::baseline{scorecam::black{}}, scorecam::relu_weights{}",
]

# Only declared: what is compiled is the library's and not the network's.
ADAPTER = """
    struct network {
        using value_type = float;
        using space_type = scorecam::host_space;
        scorecam::image_shape input_shape() const;
        scorecam::tensor_view<float const, 2> forward(scorecam::tensor_view<float const, 4>);
        scorecam::captured<float> capture(scorecam::tensor_view<float const, 4>);
    };
    using picture = scorecam::tensor_view<float const, 3>;
    """


@dataclass
class Case:
    name: str
    headers: list[str]
    functions: str
    aim: str = ""
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    error: str = ""

    def source(self) -> str:
        includes = "".join(f"#include <{header}>\n" for header in self.headers)
        return includes + textwrap.dedent(ADAPTER if self.functions else "") + textwrap.dedent(self.functions)


def explained(backend: str, count: int) -> str:
    calls = "".join(f"""
    auto explain_{i}({backend}& on, network& model, picture image)
    {{
        return scorecam::explain(on, model, image, {COMBINATIONS[i]});
    }}""" for i in range(count))
    return calls + "\n"


CORE = ["scorecam/scorecam.hpp"]
CPU = ["scorecam/scorecam.hpp", "scorecam/cpu/backend.hpp"]
CASES = [
    Case("headers of the core", CORE, ""),
    Case("headers of the core and cpu", CPU, ""),
    Case("explain, reference", CORE, explained("scorecam::reference_backend", 1)),
    Case("explain, cpu", CPU, explained("scorecam::cpu::backend", 1), "5 s, 380 MB"),
    Case("two combinations, cpu", CPU, explained("scorecam::cpu::backend", 2)),
    Case("three combinations, cpu", CPU, explained("scorecam::cpu::backend", 3)),
    Case("explain and budget, cpu", CPU + ["scorecam/budget/explain.hpp"], explained("scorecam::cpu::backend", 1) + """
    auto explain_some(scorecam::cpu::backend& on, network& model, picture image)
    {
        scorecam::budget::explainer explain{on, model, scorecam::target{0}};
        return explain(image, scorecam::budget::forwards{32});
    }
    """, "10 s, 600 MB"),
    Case("eleven conventions by variant, cpu", CPU, """
    template <class Tuple> struct any_of;
    template <class... Conventions> struct any_of<std::tuple<Conventions...>> {
        using type = std::variant<Conventions...>;
    };
    using any_convention = any_of<scorecam::conventions::all>::type;
    auto explain_by(scorecam::cpu::backend& on, network& model, picture image, any_convention const& chosen)
    {
        return %s;
    }
    """, "8 s"),
]
BY_VARIANT = "scorecam::explain(on, model, image, scorecam::target{0}, chosen)"
BY_VISIT = ("std::visit([&](auto const& c) { return scorecam::explain(on, model, image, scorecam::target{0}, c); }, chosen)")


def include_folders(root: Path) -> list[Path]:
    folders = [root / "include", *sorted(root.glob("backends/*/*/include")), *sorted(root.glob("backends/*/include"))]
    return [folder for folder in folders if folder.is_dir()]


def eigen() -> list[str]:
    for folder in ("/usr/include/eigen3", "/usr/local/include/eigen3"):
        if Path(folder).is_dir():
            return ["-isystem", folder]
    return []


def compile_once(command: list[str], case: Case) -> None:
    """Measures by wait4, which counts what a process and all of its children took."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            text = said.read().decode(errors="replace")
            case.error = next((line for line in text.splitlines() if "error" in line), text[-400:])
            return
    case.seconds.append(used.ru_utime + used.ru_stime)
    case.megabytes.append(used.ru_maxrss * 1024 / 1e6)


def row(case: Case) -> str:
    if case.error:
        return f"| {case.name} | does not compile: {case.error} | | {case.aim} |"
    seconds = f"{statistics.median(case.seconds):.1f} [{min(case.seconds):.1f}, {max(case.seconds):.1f}]"
    return f"| {case.name} | {seconds} | {statistics.median(case.megabytes):.0f} | {case.aim} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--flags", default="-O2", help="of the compiler, as one word (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the checkout to measure")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="cases whose name has this in it")
    parser.add_argument("--visit", action="store_true",
                        help="choose the convention by std::visit around the call, for code that takes no variant of them")
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()

    cases = [case for case in CASES if not wanted.only or any(part in case.name for part in wanted.only)]
    if not cases:
        print("no case has such a name; there are: " + ", ".join(case.name for case in CASES), file=sys.stderr)
        return 2
    includes = [f"-I{folder}" for folder in include_folders(wanted.root)] + eigen()
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            text = case.source()
            if "%s" in text:
                text = text.replace("%s", BY_VISIT if wanted.visit else BY_VARIANT)
            (Path(folder) / f"{number}.cpp").write_text(text)
        for _ in range(wanted.repetitions):
            for number, case in enumerate(cases):
                if not case.error:
                    compile_once([wanted.compiler, "-std=c++20", *shlex.split(wanted.flags), *includes, "-c",
                                  f"{folder}/{number}.cpp", "-o", f"{folder}/{number}.o"], case)

    version = subprocess.run([wanted.compiler, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    print(f"{version}, {wanted.flags}\n")
    print("| translation unit | processor time, s [least, most] | peak, MB | aim |\n|---|---|---|---|")
    for case in cases:
        print(row(case))
    if wanted.json:
        wanted.json.write_text(json.dumps({"what": "compile", "compiler": version, "flags": wanted.flags, "cases": [
            {"name": c.name, "seconds": c.seconds, "megabytes": c.megabytes, "error": c.error} for c in cases]}, indent=2))
    return 1 if any(case.error for case in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
