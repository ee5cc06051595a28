"""The scorecam program, run as a process for each round."""
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

WARM_MAPS = {"exact": 1, "budget": 4}  # that count, after a first one that does not; exact ones take seconds


@dataclass(frozen=True)
class Way:
    """One way of making a map with the program."""

    name: str
    options: tuple
    kind: str  # of WARM_MAPS

    @property
    def engine(self):
        """Its options without how many channels are scored."""
        return self.options[: self.options.index("--budget")] if self.kind == "budget" else self.options


ENGINES = (("opencv", "float32"), ("onnxruntime", "float32"), ("openvino", "float32"), ("openvino", "bfloat16"))


def ways(budget):
    for engine, precision in ENGINES:
        name = f"scorecam, {engine}" + (" bfloat16" if precision == "bfloat16" else "")
        options = ("--engine", engine, "--precision", precision)
        yield Way(f"{name}, exact", options, "exact")
        yield Way(f"{name}, N = {budget}", (*options, "--budget", str(budget)), "budget")


@dataclass
class Run:
    """What one start of the program says about its warm maps."""

    seconds: float  # median
    report: dict
    map: np.ndarray
    peak_mib: float  # of the process
    processor: float  # seconds of the process


class Program:
    """Raises RuntimeError with what the program says."""

    def __init__(self, file, network, folder, picture, threads):
        self.file, self.network, self.threads = Path(file).resolve(), network, threads
        self.model = Path(folder).resolve() / network.file
        self.picture = Path(picture)

    def explain(self, options, targets, warm_maps=0):
        """`options` last, so that they may say --batch or --channels; the maps of the first target are returned."""
        with tempfile.TemporaryDirectory() as folder:
            names = [f"{n}.png" for n in range(1 + warm_maps)]
            for name in names:
                shutil.copy(self.picture, Path(folder) / name)
            wanted = [part for target in targets for part in ("--target", str(target))]
            process = subprocess.Popen(
                [str(self.file), "explain", str(self.model), *names, "--preset", self.network.preset,
                 "--threads", str(self.threads), *wanted, *options],
                cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            said = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise RuntimeError(said.strip() or f"exit status {process.returncode}")
            counted = names[1:] or names
            reports = [json.loads((Path(folder) / name).with_suffix(".json").read_text()) for name in counted]
            found = np.load(Path(folder) / reports[-1]["maps"][0]["npy"])
            return Run(median(r["seconds"] for r in reports), reports[-1], found, usage.ru_maxrss / 1024,
                       usage.ru_utime + usage.ru_stime)

    def one_channel(self, way, target):
        """As little as a map can be: what the process needs for itself, its network and a forward."""
        return self.explain((*way.engine, "--channels", "deviation:1", "--batch", "1"), [target])
