#!/usr/bin/env python3
"""bench/compare.py on results whose ratios are known."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
COMPARE = HERE.parent.parent / "bench" / "compare.py"


def run(*arguments):
    return subprocess.run([sys.executable, str(COMPARE), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)


def columns(text, case):
    """Of the one line about a case."""
    lines = [line.split() for line in text.splitlines() if line.startswith(case + " ")]
    assert len(lines) == 1, f"{len(lines)} lines about {case} in\n{text}"
    return lines[0][1:]


class OfScorecamBench(unittest.TestCase):
    before, after = HERE / "scorecam_before.json", HERE / "scorecam_after.json"
    batch_8 = "exact/batch:8/threads:1/concurrency:1/precision:float32"
    batch_16 = "exact/batch:16/threads:1/concurrency:1/precision:float32"

    def test_medians_ratio_and_quartiles_of_cases_in_both(self):
        done = run(self.before, self.after)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(columns(done.stdout, self.batch_8), ["2", "s", "2.2", "s", "1.100", "apart"])
        self.assertEqual(columns(done.stdout, self.batch_16), ["1", "ms", "1.04", "ms", "1.040", "meet"])

    def test_processor_time(self):
        done = run(self.before, self.after, "--clock", "cpu")
        self.assertEqual(columns(done.stdout, self.batch_8), ["4", "s", "3", "s", "0.750", "apart"])
        self.assertEqual(columns(done.stdout, self.batch_16), ["2", "ms", "1", "ms", "0.500", "apart"])

    def test_what_is_in_one_file_only(self):
        text = run(self.before, self.after).stdout
        self.assertIn("only before: forwards:32/batch:8/threads:1/concurrency:1/precision:float32\n", text)
        self.assertIn("only after: tolerance:0.05/batch:8/threads:1/concurrency:1/precision:float32\n", text)

    def test_facts_that_differ_are_said_and_others_are_not(self):
        notes = [line for line in run(self.before, self.after).stdout.splitlines() if line.startswith("note: ")]
        self.assertEqual(notes, ["note: engine differs: opencv 4.6.0 before, onnxruntime 1.21.0 after"])

    def test_a_worse_case_is_status_1_and_is_named(self):
        done = run(self.before, self.after, "--worse-than", "1.05", "--only", "exact")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"worse than 1.05: {self.batch_8}\n", done.stdout)
        self.assertNotIn(f"worse than 1.05: {self.batch_16}", done.stdout)
        self.assertEqual(run(self.before, self.after, "--worse-than", "1.15", "--only", "exact").returncode, 0)
        self.assertEqual(run(self.after, self.before, "--worse-than", "1.05", "--only", "exact").returncode, 0)

    def test_a_missing_case_is_not_an_improvement(self):
        self.assertEqual(run(self.before, self.after, "--worse-than", "1.15").returncode, 1)

    def test_a_result_beside_itself(self):
        done = run(self.before, self.before, "--worse-than", "1")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(columns(done.stdout, self.batch_8), ["2", "s", "2", "s", "1.000", "meet"])
        self.assertNotIn("only", done.stdout)
        self.assertNotIn("note", done.stdout)


class OfGoogleBenchmark(unittest.TestCase):
    before, after = HERE / "google_before.json", HERE / "google_after.json"

    def test_repetitions_become_a_median_and_units_are_kept_apart(self):
        done = run(self.before, self.after)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(columns(done.stdout, "map/drawings/batch:8"), ["30", "ms", "33", "ms", "1.100"])
        self.assertEqual(columns(done.stdout, "mask/cpu:1/vgg16"), ["400", "us", "200", "us", "0.500"])
        cpu = run(self.before, self.after, "--clock", "cpu").stdout
        self.assertEqual(columns(cpu, "map/drawings/batch:8"), ["60", "ms", "60", "ms", "1.000"])

    def test_medians_of_maps_come_before_means(self):
        case = "maps/drawings"
        self.assertEqual(columns(run(self.before, self.after).stdout, case), ["50", "ms", "60", "ms", "1.200"])
        self.assertEqual(columns(run(self.before, self.after, "--clock", "cpu").stdout, case),
                         ["80", "ms", "60", "ms", "0.750"])

    def test_what_was_skipped_is_no_case(self):
        self.assertNotIn("maps/absent", run(self.before, self.before).stdout)


class WhatCannotBeCompared(unittest.TestCase):
    def refused(self, text, sentence):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "result.json"
            file.write_text(text)
            done = run(OfScorecamBench.before, file)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(sentence, done.stderr)

    def test_files_that_are_no_results(self):
        self.refused("{", "result.json: ")
        self.refused("[]", "is no result")
        self.refused('{"rows": []}', "is no result")
        self.refused('{"cases": [{"name": "a"}]}', "lacks 'seconds'")
        self.refused('{"cases": [{"name": "a", "seconds": {"median": 0, "q1": 0, "q3": 0}}]}', "not above 0")
        self.refused('{"cases": [{"name": "a", "seconds": {"median": NaN, "q1": 1, "q3": 1}}]}', "not above 0")

    def test_results_without_a_case_in_common(self):
        other = json.loads(OfScorecamBench.after.read_text())
        other["cases"] = other["cases"][2:]
        self.refused(json.dumps(other), "no case in common")

    def test_a_file_that_is_not_there(self):
        done = run(OfScorecamBench.before, "no/such.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no/such.json", done.stderr)

    def test_an_expression_that_is_none(self):
        self.assertEqual(run(OfScorecamBench.before, OfScorecamBench.after, "--only", "(").returncode, 2)


if __name__ == "__main__":
    unittest.main()
