"""Score-CAM of this library beside its peers: one picture, the same weights, the same threads, interleaved rounds.

    python3 compare_peers.py squeezenet --networks FOLDER --image PHOTO --program build/release/scorecam

The peers are torch-cam and pytorch-grad-cam, imported from wherever this
Python has them, and the authors' loop, written again.  Each is a process that
stays warm; the program is started for each round and its first map does not
count.  A method that cannot be had is skipped by name.  Needs numpy, Pillow,
onnx, torch, torchvision; onnx2torch for mobilenet_v2.
"""
import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

PACKAGES = ("torch", "torchvision", "torchcam", "grad-cam", "onnx2torch", "numpy")
SAME_PROBABILITY = 1e-3  # relative, of the five likeliest classes: the same picture and the same weights on both sides


def skip(what, why):
    print(f"skipped: {what}: {why}", file=sys.stderr)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=("squeezenet", "resnet18", "mobilenet_v2"))
    parser.add_argument("--networks", type=Path, required=True, help="folder of the ONNX files")
    parser.add_argument("--image", type=Path, required=True, help="photo; both sides get its 224 × 224 centre")
    parser.add_argument("--program", type=Path, required=True, help="the scorecam program")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=int, default=64, help="channels to score in the N = ... rows")
    parser.add_argument("--target", type=int, help="class; the likeliest by default")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT",
                        help="methods with this in their name; may be repeated")
    parser.add_argument("--without", action="append", default=[], metavar="TEXT",
                        help="no methods with this in their name; may be repeated")
    parser.add_argument("--json", type=Path, help="write everything here; rounds of an earlier call are kept and added to")
    return parser.parse_args()


class Comparison:
    """Methods that can be had, and what is measured of each."""

    def __init__(self, options, network, picture):
        from program import Program

        self.options, self.network, self.picture = options, network, picture
        self.program = Program(options.program, network, options.networks, picture, options.threads)
        self.workers, self.ways, self.idle_mib, self.maps, self.methods = {}, {}, {}, {}, {}

    def wants(self, name):
        only, without = self.options.only, self.options.without
        return (not only or any(text in name for text in only)) and not any(text in name for text in without)

    def open_peers(self):
        from peers import ALLOCATOR, PEERS, Worker, version

        for peer in PEERS.values():
            for tuned in (False, True) if peer.batched else (False,):
                name = peer.name + (", allocator tuned" if tuned else "")
                if not self.wants(name):
                    continue
                if version("torch") is None or version(peer.package) is None:
                    skip(name, f"this Python has no package {'torch' if version('torch') is None else peer.package}")
                    continue
                try:
                    self.workers[name] = Worker(peer.name, self.network, self.options.networks, self.picture,
                                                self.options.threads, ALLOCATOR if tuned else {})
                    self.methods[name] = {"peer": True, "tuned": tuned, "convention": peer.convention, "seconds": [],
                                          "others": []}
                except RuntimeError as failure:
                    skip(name, failure)

    def choose_target(self):
        """The class to explain; and both sides have to say the same of the picture."""
        expected = next(iter(self.workers.values())).probabilities
        likeliest = sorted(range(len(expected)), key=expected.__getitem__)[: -6 : -1]
        self.target = likeliest[0] if self.options.target is None else self.options.target
        way = next(iter(self.ways.values()))
        found = self.program.explain((*way.engine, "--channels", "deviation:1"), likeliest).report["maps"]
        off = max(abs(m["probability"] / expected[m["target"]] - 1) for m in found)
        if off > SAME_PROBABILITY:
            sys.exit(f"the two sides differ by {off:.1%} in a probability: not the same picture or not the same weights")
        return off

    def open_ways(self):
        from program import ways

        for way in filter(lambda w: self.wants(w.name), ways(self.options.budget)):
            try:
                self.idle_mib[way.name] = self.program.one_channel(way, 0).peak_mib
                self.ways[way.name] = way
                self.methods[way.name] = {"peer": False, "tuned": False, "convention": "official", "seconds": [],
                                          "others": []}
            except (OSError, RuntimeError) as failure:
                skip(way.name, failure)

    def round(self):
        from others import Others
        from program import WARM_MAPS

        for name, worker in self.workers.items():
            others = Others()
            made = worker.map(self.target)
            self.note(name, others.share(made.pop("processor")), **made)
        for name, way in self.ways.items():
            others = Others()
            made = self.program.explain(way.options, [self.target], WARM_MAPS[way.kind])
            self.note(name, others.share(made.processor), seconds=made.seconds, forwards=made.report["forwards"],
                      peak_mib=made.peak_mib, more_mib=made.peak_mib - self.idle_mib[name], map=made.map)

    def note(self, name, others, *, seconds, forwards, map, **memory):
        method = self.methods[name]
        method["seconds"].append(seconds)
        method["others"].append(others)
        method["forwards"] = forwards
        method.update({key: max(value, method.get(key, 0)) for key, value in memory.items()})
        self.maps[name] = map
        print(f"{name}: {seconds:.3f} s, others took {others:.0%} of the machine", file=sys.stderr)

    def agreement(self):
        """Of our map under a peer's convention with the peer's own, and of all others with the official map."""
        from tables import agreement

        rows = []
        exact = [way for way in self.ways.values() if way.kind == "exact"]
        way = next((w for w in exact if "onnxruntime" in w.name), next(iter(exact or self.ways.values())))
        plain = {name: m for name, m in self.methods.items() if m["peer"] and not m["tuned"]}
        for name, method in plain.items():
            convention = method["convention"]
            if convention == "official" and way.kind == "exact":
                ours = self.maps[way.name]  # made already
            else:
                ours = self.program.explain((*way.engine, "--convention", convention), [self.target]).map
            who = f"scorecam, {way.engine[1]}, exact, --convention {convention}"
            rows.append({"map": who, "against": name, **agreement(ours, self.maps[name])})
        official = next((name for name, method in plain.items() if method["convention"] == "official"), None)
        for name in [*self.ways, *plain] if official else []:
            if name != official:
                rows.append({"map": name, "against": official, **agreement(self.maps[name], self.maps[official])})
        return rows


def machine():
    def field(file, key):
        lines = Path(file).read_text().splitlines() if Path(file).exists() else []
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "unknown")

    return {"processor": field("/proc/cpuinfo", "model name"), "processors": os.cpu_count(),
            "memory": field("/proc/meminfo", "MemTotal"), "kernel": platform.release()}


def merged(result, earlier):
    """With the rounds of an earlier call in front, if that was the same comparison."""
    same = ("network", "threads", "target", "image", "machine", "versions")
    differing = [key for key in same if earlier[key] != result[key]]
    if differing or earlier["methods"].keys() != result["methods"].keys():
        sys.exit(f"--json is of another comparison ({', '.join(differing) or 'other methods'}); write another")
    for name, method in result["methods"].items():
        before = earlier["methods"][name]
        for measured in ("seconds", "others"):
            method[measured] = before[measured] + method[measured]
        for memory in ("peak_mib", "more_mib"):
            method[memory] = max(method[memory], before[memory])
    result["agreement"] = earlier["agreement"]
    return result


def compared(options, network, picture):
    """Runs the comparison; None if there is nothing to compare."""
    from peers import version

    comparison = Comparison(options, network, picture)
    comparison.open_peers()
    comparison.open_ways()
    if not comparison.workers or not comparison.ways:
        return None
    off = comparison.choose_target()
    for _ in range(options.rounds):
        comparison.round()
    result = {
        "network": network.name, "threads": options.threads, "image": options.image.name, "target": comparison.target,
        "machine": machine(), "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
        "probabilities_differ_by": off, "methods": comparison.methods, "agreement": []}
    if options.json and options.json.exists():
        result = merged(result, json.loads(options.json.read_text()))
    keep(result, options.json)  # the rounds may have taken long
    result["agreement"] = comparison.agreement()
    keep(result, options.json)
    for worker in comparison.workers.values():
        worker.close()
    return result


def keep(result, file):
    if file is not None:
        file.write_text(json.dumps(result, indent=1) + "\n")


def main():
    options = parsed()
    for package in ("numpy", "PIL"):
        try:
            __import__(package)
        except ImportError as failure:
            skip("all peers", failure)
            return
    from networks import NETWORKS, seen_part
    from tables import markdown

    network = NETWORKS[options.network]
    needed = {"network": options.networks / network.file, "photo": options.image, "program": options.program}
    for what, file in needed.items():
        if not file.exists():
            skip(options.network, f"there is no {what} {file}")
            return
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "seen.png"
        seen_part(options.image).save(picture)
        result = compared(options, network, picture)
    if result is None:
        skip(options.network, "there is nothing to compare")
        return
    print(f"{network.name}, {options.threads} thread(s), class {result['target']} of {options.image.name}; probabilities of "
          f"the five likeliest classes differ by {result['probabilities_differ_by']:.1g} at most\n")
    print(markdown(result))


if __name__ == "__main__":
    main()
