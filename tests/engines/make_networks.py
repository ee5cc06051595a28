"""Makes the networks of tests/engines and records what PyTorch computes with them.

    /usr/bin/python3 tests/engines/make_networks.py        (Debian 12: python3-torch)

NETWORK.onnx comes with NETWORK.input.npy, NETWORK.output.npy and, for each
layer that the tests look at, NETWORK.LAYER.npy: (images, ...) as PyTorch has
it at that layer, before anything works on it in place; tokens are laid out as
(images, channels, height, width).  NETWORK.map.npy and NETWORK.weights.npy are
Score-CAM in float64, written out below.  Weights are drawn from fixed seeds.
disc.npy is a sample of examples/drawings, (height, width, RGB).
"""
import copy
import math
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

FOLDER = Path(__file__).parent / "networks"
CLASSES = 5


class Add(nn.Module):
    def forward(self, a, b):
        return a + b


class Plain(nn.Module):
    """Two convolutions; the ReLU behind the second one writes over its values."""

    def __init__(self, conv=nn.Conv2d, channels=2):
        super().__init__()
        self.first = conv(channels, 6, 3, padding=1)
        self.second = conv(6, 8, 3, stride=2, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.mean = {nn.Conv1d: nn.AdaptiveAvgPool1d, nn.Conv2d: nn.AdaptiveAvgPool2d, nn.Conv3d: nn.AdaptiveAvgPool3d}[conv](1)
        self.head = nn.Linear(8, CLASSES)

    def features(self, x):
        return self.relu(self.second(torch.relu(self.first(x))))

    def forward(self, x):
        return self.head(self.mean(self.features(x)).flatten(1))


class Residual(nn.Module):
    """A block whose sum a ReLU overwrites; one normalisation stands before its convolution and cannot be folded into it."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.before, self.after = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        for normal in (self.before, self.after):
            nn.init.uniform_(normal.weight, 0.5, 1.5)
            nn.init.uniform_(normal.bias, -0.5, 0.5)
            nn.init.uniform_(normal.running_mean, -0.5, 0.5)
            nn.init.uniform_(normal.running_var, 0.5, 1.5)
        self.conv1, self.conv2 = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.add = Add()
        self.last = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(8 * 4 * 4, CLASSES)  # so that it takes (3, 8, 8) only

    def forward(self, x):
        x = self.stem(x)
        y = self.conv2(torch.relu(self.after(self.conv1(torch.relu(self.before(x))))))
        return self.head(self.pool(self.last(self.add(x, y))).flatten(1))


class FeaturesFirst(Plain):
    """The explained layer is an output of the file, too, and comes before the logits."""

    def forward(self, x):
        features = self.features(x)
        return features, self.head(self.mean(features).flatten(1))


class TwoScores(Plain):
    def forward(self, x):
        logits = super().forward(x)
        return logits, logits.softmax(1)


class NoScores(Plain):
    def forward(self, x):
        return self.features(x)


class TwoInputs(Plain):
    def forward(self, x, y):
        return super().forward(x + y)


class Four(Plain):
    """Takes four images, no more and no less: the number is written into its reshape."""

    def forward(self, x):
        return self.head(self.features(x).reshape(4, 8, -1).mean(2))


class Folded(Plain):
    """Says that it takes any number of images, but its reshape takes one."""

    def forward(self, x):
        return self.head(self.features(x).reshape(1, 8, -1).mean(2))


class Doubles(Plain):
    def forward(self, x):
        return super().forward(x.float())


class Attention(nn.Module):
    def __init__(self, width, heads=2):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(2, 3) / math.sqrt(c // self.heads)).softmax(3)
        return self.out((weights @ v).transpose(1, 2).reshape(n, t, c))


class Block(nn.Module):
    def __init__(self, width, attention):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = attention
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.add1, self.add2 = Add(), Add()

    def forward(self, x):
        x = self.add1(x, self.attention(self.norm1(x)))
        return self.add2(x, self.narrow(F.gelu(self.wide(self.norm2(x)))))


class Transformer(nn.Module):
    """Tokens (n, 1 + 3·4, 8), the first one of the class."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.places = nn.Parameter(torch.randn(1, 13, 8) * 0.5)
        self.blocks = nn.Sequential(Block(8, Attention(8)), Block(8, Attention(8)))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class InWindows(nn.Module):
    """Attention in windows of (2, 2) tokens, which are folded into the batch."""

    def __init__(self, width):
        super().__init__()
        self.attention = Attention(width)

    def forward(self, x):
        n, h, w, c = x.shape
        windows = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(2, 3).reshape(-1, 4, c)
        return self.attention(windows).reshape(n, h // 2, w // 2, 2, 2, c).transpose(2, 3).reshape(n, h, w, c)


class Windowed(nn.Module):
    """Tokens (n, 4, 6, 8), at last (n, 24, 8), no class token."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 2, stride=2)
        self.block = Block(8, InWindows(8))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.block(self.patches(x).permute(0, 2, 3, 1))
        return self.head(self.norm(x.flatten(1, 2)).mean(1))


def score_cam(network, layer, x, target, tokens):
    """The authors' code for one image, in float64 and for any number of axes: the map and the weights."""
    network = copy.deepcopy(network).double()
    x = x.double()
    size, mode = x.shape[2:], {3: "linear", 4: "bilinear", 5: "trilinear"}[x.dim()]
    activations = run(network, x, {"map": layer}, tokens)[1]["map"]
    total = torch.zeros(1, 1, *size, dtype=torch.float64)
    weights = []
    for k in range(activations.shape[1]):
        up = F.interpolate(activations[:, k : k + 1], size=size, mode=mode, align_corners=False)
        assert up.max() > up.min()
        mask = (up - up.min()) / (up.max() - up.min())
        weights.append(network(x * mask).softmax(1)[0, target])
        total += weights[-1] * up
    total = F.relu(total)
    assert total.max() > total.min()
    return ((total - total.min()) / (total.max() - total.min()))[0, 0], torch.stack(weights)


def laid_out(values, tokens):
    """(n, leading + h·w, C) or (n, h, w, C) as (n, C, h, w)."""
    grid, leading = tokens
    places = values.reshape(len(values), -1, values.shape[-1])[:, leading:]
    return places.transpose(1, 2).reshape(len(values), -1, *grid)


def run(network, inputs, layers, tokens=None):
    """The outputs, and a copy of what each of the named modules gave."""
    seen = {}
    hooks = []
    for name, layer in layers.items():
        def keep(_module, _in, out, name=name):
            seen[name] = laid_out(out, tokens).clone() if tokens else out.clone()
        hooks.append(network.get_submodule(layer).register_forward_hook(keep))
    outputs = network(*inputs) if isinstance(inputs, tuple) else network(inputs)
    for hook in hooks:
        hook.remove()
    return outputs, seen


def save(name, array):
    if array.dtype == torch.float64:
        array = array.float()
    np.save(FOLDER / f"{name}.npy", np.ascontiguousarray(array.numpy()))


def make(name, network, shape, images=3, layers={}, outputs=("logits",), inputs=("input",), any_batch=True, as_type=None,
         mapped=None, tokens=None):
    network.eval()
    network.head.weight.data.mul_(60 if isinstance(network, Plain) else 10)  # so that masks make a difference
    x = torch.randn(images, *shape)
    if as_type:
        x = (4 * x).to(as_type)
    arguments = tuple([x] * len(inputs))
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, seen = run(network, arguments, layers, tokens)
        axes = {one: {0: "n"} for one in (*inputs, *outputs)} if any_batch else None
        torch.onnx.export(network, arguments, FOLDER / f"{name}.onnx", opset_version=11, input_names=list(inputs),
                          output_names=list(outputs), dynamic_axes=axes)
        save(f"{name}.input", x)
        for one, value in zip(outputs, found if isinstance(found, tuple) else (found,)):
            save(f"{name}.output" if one == "logits" else f"{name}.{one}", value)
        for layer, value in seen.items():
            save(f"{name}.{layer}", value)
        if mapped:  # of the first image for class 4
            with_map, weights = score_cam(network, mapped, x[:1], 4, tokens)
            save(f"{name}.map", with_map)
            save(f"{name}.weights", weights)


def fields(message):
    """(number, value) of a protocol buffer's fields: bytes, or an int where the field is a number."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = number()
        assert key & 7 in (0, 2)
        value = number()
        if key & 7 == 2:
            value, at = message[at : at + value], at + value
        yield key >> 3, value


def message(all_fields):
    def number(value):
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)

    def field(which, value):
        if isinstance(value, int):
            return number(which << 3) + number(value)
        return number(which << 3 | 2) + number(len(value)) + value

    return b"".join(field(which, value) for which, value in all_fields)


def weights_apart(name, made_of):
    """A copy of a network whose weights lie in a file of their own, as those of large networks must."""
    weights = b""

    def entry(key, value):
        return 13, message([(1, key.encode()), (2, str(value).encode())])  # TensorProto.external_data

    def apart(tensor):
        nonlocal weights
        raw = dict(fields(tensor))[9]
        where = [entry("location", f"{name}.weights"), entry("offset", len(weights)), entry("length", len(raw)), (14, 1)]
        weights += raw
        return message([one for one in fields(tensor) if one[0] != 9] + where)

    network = fields((FOLDER / f"{made_of}.onnx").read_bytes())
    graph = lambda bytes_: message([(n, apart(v) if n == 5 else v) for n, v in fields(bytes_)])  # GraphProto.initializer
    (FOLDER / f"{name}.onnx").write_bytes(message([(n, graph(v) if n == 7 else v) for n, v in network]))
    (FOLDER / f"{name}.weights").write_bytes(weights)


def main():
    FOLDER.mkdir(exist_ok=True)
    drawings = [
        lambda: make("plain", Plain(), (2, 12, 10), layers={"second": "second", "relu": "relu"}, mapped="second"),
        lambda: make("residual", Residual(), (3, 8, 8), layers={"conv1": "after", "add": "add", "last": "last"}),  # exported as one
        lambda: make("features_first", FeaturesFirst(), (2, 12, 10), outputs=("features", "logits")),
        lambda: make("two_scores", TwoScores(), (2, 12, 10), outputs=("logits", "probabilities")),
        lambda: make("no_scores", NoScores(), (2, 12, 10), outputs=("features",)),
        lambda: make("two_inputs", TwoInputs(), (2, 12, 10), inputs=("image", "other")),
        lambda: make("one", Plain(), (2, 12, 10), images=1, any_batch=False, layers={"relu": "relu"}),
        lambda: make("four", Four(), (2, 12, 10), images=4, any_batch=False, layers={"relu": "relu"}),
        lambda: make("folded", Folded(), (2, 12, 10), images=1, layers={"relu": "relu"}),
        lambda: make("doubles", Doubles(), (2, 12, 10), as_type=torch.float64),
        lambda: make("integers", Doubles(), (2, 12, 10), as_type=torch.int64),
        lambda: make("signal", Plain(nn.Conv1d, 3), (3, 20), layers={"second": "second", "relu": "relu"}, mapped="second"),
        lambda: make("volume", Plain(nn.Conv3d, 1), (1, 6, 8, 7), layers={"second": "second", "relu": "relu"},
                     mapped="second"),
        lambda: make("transformer", Transformer(), (3, 12, 16),
                     layers={"block0": "blocks.0.add2", "norm": "norm"}, tokens=((3, 4), 1), mapped="blocks.0.add2"),
        lambda: make("windowed", Windowed(), (3, 8, 12), layers={"sum": "block.add2", "norm": "norm"},
                     tokens=((4, 6), 0), mapped="block.add2"),
    ]
    for seed, draw in enumerate(drawings):
        torch.manual_seed(seed)
        draw()
    weights_apart("weights_apart", "plain")
    sample = FOLDER.parents[2] / "examples/drawings/samples/striped_disc.png"
    np.save(FOLDER / "disc.npy", np.asarray(Image.open(sample).convert("RGB")))


if __name__ == "__main__":
    main()
