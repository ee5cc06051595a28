"""The peers, each in a process of its own that stays warm and makes a map when asked to."""
import contextlib
import io
import multiprocessing
import os
import resource
import time
from importlib import metadata

from networks import tensor_of, torch_module

# Memory that a batch has used stays with the process instead of going back to the kernel: what a user can do about page
# faults from outside. For glibc.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296"}


def enlarged(maps, image):
    """(N, C, h, w) at the size of the image: bilinear, half-pixel."""
    from torch.nn import functional as F

    return F.interpolate(maps, size=image.shape[2:], mode="bilinear", align_corners=False)


class Official:
    """The loop of haofanwang/Score-CAM, cam/scorecam.py, written again from reading it.

    One mask a forward and everything at the size of the input, as there. Left
    out: its backward pass, whose gradients Score-CAM does not use, and its
    progress to the GPU.
    """

    name = "official (re-written)"
    convention = "official"
    package = "torch"
    batched = False

    def __init__(self, module, layer):
        self.module = module
        module.get_submodule(layer).register_forward_hook(self.keep)

    def keep(self, _module, _inputs, output):
        self.activations = output

    def __call__(self, image, target):
        import torch
        from torch.nn import functional as F

        with torch.no_grad():
            self.module(image)
            activations = self.activations
            summed = torch.zeros(1, 1, *image.shape[2:])
            for k in range(activations.shape[1]):
                resized = enlarged(activations[:, k : k + 1], image)
                if resized.max() == resized.min():
                    continue
                mask = (resized - resized.min()) / (resized.max() - resized.min())
                summed += F.softmax(self.module(image * mask), dim=1)[0, target] * resized
            summed = F.relu(summed)
            return ((summed - summed.min()) / (summed.max() - summed.min()))[0, 0].numpy()


class TorchCam:
    """torch-cam as it comes, or with batches of another size; it leaves the map at the size of the activations."""

    name = "torch-cam"
    convention = "torch_cam"
    package = "torchcam"
    batched = True

    def __init__(self, module, layer, **batch):
        from torchcam.methods import ScoreCAM

        self.module = module
        self.method = ScoreCAM(module, layer, input_shape=(3, 224, 224), **batch)

    def __call__(self, image, target):
        outputs = self.module(image)
        low = self.method(target, outputs)[0]
        return enlarged(low[None], image)[0, 0].detach().cpu().numpy()


class PytorchGradCam:
    """pytorch-grad-cam as it comes, or with batches of another size."""

    name = "pytorch-grad-cam"
    convention = "pytorch_grad_cam"
    package = "grad-cam"
    batched = True

    def __init__(self, module, layer, **batch):
        from pytorch_grad_cam import ScoreCAM

        self.method = ScoreCAM(module, [module.get_submodule(layer)])
        vars(self.method).update(batch)  # it looks whether it has batch_size

    def __call__(self, image, target):
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            return self.method(image, [ClassifierOutputTarget(target)])[0]


PEERS = {peer.name: peer for peer in (Official, TorchCam, PytorchGradCam)}


def version(package):
    """Of an installed package, or None."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(requests, name, network, folder, picture, threads):
    """Runs in the process: first the outputs of the bare network, then a map for every target that comes."""
    try:
        import torch

        torch.set_num_threads(threads)
        module = torch_module(network, folder)
        image = tensor_of(network, picture)
        make = PEERS[name](module, network.layer)
        with torch.no_grad():
            outputs = module(image)[0]
        before = peak_mib()
        images_run = 0

        def count(_module, inputs):
            nonlocal images_run
            images_run += len(inputs[0])

        module.register_forward_pre_hook(count)
        requests.send({"probabilities": torch.softmax(outputs, 0).tolist()})
        while (target := requests.recv()) is not None:
            images_run = 0
            processor, began = time.process_time(), time.perf_counter()
            found = make(image, target)
            seconds = time.perf_counter() - began
            processor = time.process_time() - processor
            peak = peak_mib()
            memory = {"peak_mib": peak, "more_mib": peak - before}
            requests.send({"seconds": seconds, "processor": processor, "forwards": images_run, "map": found, **memory})
    except Exception as failure:  # told to the other side, which says it by name
        requests.send({"failure": f"{type(failure).__name__}: {failure}"})


class Worker:
    """A peer in its process. Raises RuntimeError with what went wrong there."""

    def __init__(self, name, network, folder, picture, threads, environment=()):
        environment = {**dict(environment), "OMP_NUM_THREADS": str(threads)}
        before = {key: os.environ.get(key) for key in environment}
        os.environ.update(environment)
        try:
            context = multiprocessing.get_context("spawn")
            self.answers, theirs = context.Pipe()
            given = (theirs, name, network, folder, picture, threads)
            self.process = context.Process(target=serve, args=given, daemon=True)
            self.process.start()
            theirs.close()
        finally:
            for key, value in before.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})
        self.probabilities = self.answer()["probabilities"]

    def answer(self):
        try:
            answer = self.answers.recv()
        except EOFError:
            raise RuntimeError("its process ended, perhaps for want of memory") from None
        if "failure" in answer:
            raise RuntimeError(answer["failure"])
        return answer

    def map(self, target):
        self.answers.send(target)
        return self.answer()

    def close(self):
        self.answers.send(None)
        self.process.join()
