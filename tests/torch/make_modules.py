"""The TorchScript modules beside this file, and in recorded.pt what PyTorch says of them. Written with PyTorch 1.13:
    /usr/bin/python3 tests/torch/make_modules.py
"""
import pathlib

import torch
from torch import nn

folder = pathlib.Path(__file__).parent


class Residual(nn.Module):
    """Everything that can work in place does."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x
        return self.relu(y)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), Residual(8), nn.MaxPool2d(2))
        self.pool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(32, 5))

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class Attention(nn.Module):
    """Of two heads among the tokens (n, tokens, channels)."""

    def __init__(self, channels):
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x):
        n, tokens, channels = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, 2, channels // 2).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) / (channels // 2) ** 0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, tokens, channels))


class Block(nn.Module):
    """A block of a transformer; with a window, attention is among the tokens of each window of (n, h, w, channels)."""

    def __init__(self, channels, window):
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(channels)
        self.attention = Attention(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def forward(self, x):
        y = self.norm1(x)
        if self.window == 0:
            y = self.attention(y)
        else:
            n, h, w, c = y.shape
            s = self.window
            y = y.reshape(n, h // s, s, w // s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, s * s, c)
            y = self.attention(y).reshape(n, h // s, w // s, s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        x = x + y
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Patches of 4 x 4; with a class token if not windowed."""

    def __init__(self, grid, channels, window):
        super().__init__()
        self.windowed = window > 0
        self.patches = nn.Conv2d(3, channels, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, channels))
        self.positions = nn.Parameter(torch.randn(1, 1 + grid[0] * grid[1], channels))
        self.blocks = nn.Sequential(Block(channels, window), Block(channels, window))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, 5)

    def forward(self, x):
        x = self.patches(x)
        if self.windowed:
            return self.head(self.norm(self.blocks(x.permute(0, 2, 3, 1))).mean((1, 2)))
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


class Recorded(nn.Module):
    """Nothing but tensors by name."""

    def __init__(self, tensors):
        super().__init__()
        for name, values in tensors.items():
            self.register_buffer(name.replace(".", "_"), values)

    def forward(self, x):
        return x


def record(network, shape, layers):
    """The network, its answer to two drawn images, and what the layers returned when they did."""
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.3, 0.6)
    seen = {"input": torch.randn(2, *shape)}
    for path in layers:

        def keep(module, inputs, output, path=path):
            seen[path] = output.clone()

        network.get_submodule(path).register_forward_hook(keep)
    with torch.no_grad():
        seen["outputs"] = network(seen["input"].clone())
    for path in layers:
        network.get_submodule(path)._forward_hooks.clear()
    return network, torch.jit.script(Recorded(seen))


torch.manual_seed(1)
plain, of_plain = record(Plain(), (3, 20, 24), ["features.0", "features.1", "features.3.bn2", "features.3"])
vit, of_vit = record(Transformer((3, 4), 16, 0), (3, 12, 16), ["patches", "blocks.0", "norm"])
windowed, of_windowed = record(Transformer((4, 6), 8, 2), (3, 16, 24), ["blocks.1.norm1", "norm"])

torch.jit.script(plain).save(folder / "plain_scripted.pt")
for name, network, shape in (("plain", plain, (2, 3, 20, 24)), ("vit", vit, (2, 3, 12, 16)), ("windowed", windowed, (2, 3, 16, 24))):
    torch.jit.trace(network, torch.zeros(shape)).save(folder / (name + ".pt"))


class All(nn.Module):
    def __init__(self):
        super().__init__()
        self.plain, self.vit, self.windowed = of_plain, of_vit, of_windowed

    def forward(self, x):
        return x


torch.jit.script(All()).save(folder / "recorded.pt")
