"""The networks that both sides run, and how a picture becomes their input."""
from dataclasses import dataclass
from pathlib import Path

TORCH = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # of x/255, as torchvision's networks have it
TENSORFLOW = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Network:
    name: str
    file: str  # in the folder of networks
    layer: str  # the module that the peers explain: the last spatial one, as the program does by itself
    channels: int
    preset: str  # of the program
    normalisation: tuple


NETWORKS = {
    network.name: network
    for network in (
        Network("squeezenet", "squeezenet1_1.onnx", "features.12", 512, "imagenet-torch", TORCH),
        Network("resnet18", "resnet18.onnx", "layer4", 512, "imagenet-torch", TORCH),
        Network("resnet50", "resnet50.onnx", "layer4", 2048, "imagenet-torch", TORCH),
        Network("vgg16", "vgg16.onnx", "features.29", 512, "imagenet-torch", TORCH),
        Network("mobilenet_v2", "mobilenetv2_1.0_224.onnx", "conv61_relu6", 1280, "imagenet-tf", TENSORFLOW),
    )
}


def torch_module(network, folder):
    """The network as a module of PyTorch, with the weights of the ONNX file.

    They are torchvision's modules, but for MobileNetV2: its paddings are
    TensorFlow's, and it is what onnx2torch makes of the file.
    """
    file = Path(folder) / network.file
    if network.name == "mobilenet_v2":
        import onnx2torch

        return onnx2torch.convert(str(file)).eval()

    import onnx
    import torch
    import torchvision

    stored = onnx.load(file).graph.initializer
    weights = {w.name: torch.from_numpy(onnx.numpy_helper.to_array(w).copy()) for w in stored}
    module = torchvision.models.get_model("squeezenet1_1" if network.name == "squeezenet" else network.name)
    module.load_state_dict(with_batch_norms(weights, module.state_dict()))
    return module.eval()


def with_batch_norms(weights, state):
    """Where the file has a convolution with a bias, torchvision has a batch normalisation: here one that only shifts."""
    import torch

    names = {"downsample.0.bias": "downsample.1", **{f"conv{i}.bias": f"bn{i}" for i in (1, 2, 3)}}
    shifts = {}
    for name in [n for n in weights if n.endswith("bias") and n not in state]:
        end = next(e for e in names if name.endswith(e))
        shifts[name.removesuffix(end) + names[end]] = weights.pop(name)
    for norm, shift in shifts.items():
        weights[f"{norm}.bias"] = shift
        weights[f"{norm}.weight"] = torch.ones_like(shift)
        weights[f"{norm}.running_mean"] = torch.zeros_like(shift)
        weights[f"{norm}.running_var"] = torch.full_like(shift, 1 - 1e-5)  # 1 with the epsilon of the layer
        weights[f"{norm}.num_batches_tracked"] = torch.tensor(0)
    return weights


def seen_part(file):
    """The 224 × 224 pixels that both sides get: short side 256, centre crop."""
    from PIL import Image

    picture = Image.open(file).convert("RGB")
    shrink = 256 / min(picture.size)
    picture = picture.resize([round(side * shrink) for side in picture.size], Image.Resampling.BILINEAR)
    left, top = ((side - 224) // 2 for side in picture.size)
    return picture.crop((left, top, left + 224, top + 224))


def tensor_of(network, file):
    """(1, 3, 224, 224) of a picture that has the size already."""
    import numpy as np
    import torch
    from PIL import Image

    mean, std = (np.array(part) for part in network.normalisation)
    pixels = np.asarray(Image.open(file), np.float64)
    return torch.from_numpy(((pixels / 255 - mean) / std).transpose(2, 0, 1)[None].astype(np.float32))
