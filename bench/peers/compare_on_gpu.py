"""Score-CAM on cuDNN beside torch-cam and pytorch-grad-cam on the same GPU: the same weights and batch size, interleaved rounds.

    python3 compare_on_gpu.py resnet50 --networks FOLDER --program build/gpu/bench/cuda/bench.cuda_networks

FOLDER is what bench/networks/make_large.py wrote.  What cannot be had is
skipped by name: without a GPU, everything.  Needs numpy, Pillow, onnx, torch,
torchvision; torchcam and grad-cam are the peers.
"""
import argparse
import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from networks import NETWORKS, torch_module
from peers import PytorchGradCam, TorchCam, version
from tables import number

SKIPPED = 77


def skip(what, why):
    print(f"skipped: {what}: {why}", file=sys.stderr)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=("resnet50", "vgg16"))
    parser.add_argument("--networks", type=Path, required=True, help="folder of the ONNX files")
    parser.add_argument("--program", type=Path, required=True, help="bench.cuda_networks")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda", help="where the peers run: cpu to try them without a GPU")
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser.parse_args()


class Peer:
    """A peer on the GPU, in float32 or with products in TF32. Its first map does not count."""

    def __init__(self, kind, network, options, products):
        import torch

        self.name = f"{kind.name}, {products}"
        self.torch, self.tf32, self.device = torch, products == "tf32", options.device
        torch.manual_seed(1)
        self.image = torch.randn(1, 3, 224, 224, device=self.device)
        self.module = torch_module(network, options.networks).to(self.device)
        self.make = kind(self.module, network.layer, batch_size=options.batch)
        self.round()

    def round(self):
        """Seconds, by name."""
        self.torch.backends.cudnn.allow_tf32 = self.torch.backends.cuda.matmul.allow_tf32 = self.tf32
        if self.device == "cuda":
            self.torch.cuda.synchronize()
        began = time.perf_counter()
        self.make(self.image, 1)  # ends on the host
        return {self.name: time.perf_counter() - began}


class Forwards:
    """PyTorch's own forwards, as many as the map has channels, with channels last and the fastest algorithms it finds: what
    any Score-CAM on it takes at least. Its first round does not count."""

    def __init__(self, network, options, products):
        import torch

        self.name = f"PyTorch's forwards alone, {products}"
        self.torch, self.tf32, self.device = torch, products == "tf32", options.device
        kind = torch.bfloat16 if products == "bfloat16" else torch.float32
        last = {"dtype": kind, "device": self.device, "memory_format": torch.channels_last}
        torch.manual_seed(1)
        self.batch = torch.randn(options.batch, 3, 224, 224).to(**last)
        self.module = torch_module(network, options.networks).eval().to(**last)
        self.count = -(-network.channels // options.batch)
        self.round()

    def round(self):
        """Seconds, by name."""
        self.torch.backends.cudnn.allow_tf32 = self.torch.backends.cuda.matmul.allow_tf32 = self.tf32
        before, self.torch.backends.cudnn.benchmark = self.torch.backends.cudnn.benchmark, True
        began = time.perf_counter()
        try:
            with self.torch.inference_mode():
                for _ in range(self.count):
                    outputs = self.module(self.batch)
            outputs.cpu()  # waits
        finally:
            self.torch.backends.cudnn.benchmark = before
        return {self.name: time.perf_counter() - began}


class Program:
    """bench.cuda_networks, started for each round: medians of its warm maps, and of their forwards alone."""

    def __init__(self, network, options, products):
        self.name = f"scorecam, cuDNN, {products}"
        self.cases = {what: f"{network.name}/{products}/{what}/batch:{options.batch}"
                      for what in ("map", "map_recorded", "forwards", "forwards_recorded")}
        self.command = [options.program, options.networks / network.file, "--precision", products,
                        "--batch", str(options.batch), "--repetitions", "3"]
        self.round()

    def round(self):
        done = subprocess.run(self.command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"exit status {done.returncode}")
        found = {case["name"]: case["seconds"]["median"] for case in json.loads(done.stdout)["cases"]}
        return {f"{self.name}, {what}": found[name] for what, name in self.cases.items()}


def opened(options, network):
    """The methods that can be had."""
    made = [(Peer, kind, products) for products in ("float32", "tf32") for kind in (TorchCam, PytorchGradCam)]
    made += [(kind, None, products) for products in ("float32", "tf32", "bfloat16") for kind in (Forwards, Program)]
    methods = []
    for method, kind, products in made:
        try:
            given = (network, options, products)
            methods.append(method(kind, *given) if kind else method(*given))
        except (ImportError, OSError, RuntimeError, LookupError, ValueError) as failure:
            skip(f"{kind.name if kind else method.__name__}, {products}", failure)
    return methods


def markdown(seconds):
    lines = ["| method | s, median [least, most] |", "|---|---|"]
    lines += [f"| {name} | {number(median(all))} [{number(min(all))}, {number(max(all))}] |" for name, all in seconds.items()]
    return "\n".join(lines)


def main():
    options = parsed()
    network = NETWORKS[options.network]
    file = options.networks / network.file
    if not file.exists():
        skip(network.name, f"there is no {file}; write it with bench/networks/make_large.py")
        return SKIPPED
    try:
        import torch
    except ImportError as failure:
        skip("all peers", failure)
        return SKIPPED
    if options.device == "cuda" and not torch.cuda.is_available():
        skip(network.name, "there is no GPU here, or this torch is not made for it")
        return SKIPPED
    methods = opened(options, network)
    if not any(isinstance(method, Program) for method in methods) or len({type(method) for method in methods}) == 1:
        skip(network.name, "there is nothing to compare")
        return SKIPPED
    seconds = {}
    for _ in range(options.rounds):
        for method in methods:
            for name, taken in method.round().items():
                seconds.setdefault(name, []).append(taken)
    result = {"network": network.name, "channels": network.channels, "batch": options.batch, "seconds": seconds,
              "device": torch.cuda.get_device_name() if options.device == "cuda" else options.device,
              "python": platform.python_version(),
              "versions": {package: version(package) for package in ("torch", "torchvision", "torchcam", "grad-cam")}}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{network.name}, {network.channels} channels, batches of {options.batch}, {result['device']}\n")
    print(markdown(seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
