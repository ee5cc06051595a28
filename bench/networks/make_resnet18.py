"""Writes resnet18.onnx: the layers of ResNet-18 with drawn weights, for timing.

Shapes, strides and names are those of torchvision's resnet18, with every batch
normalisation folded into its convolution, as exporters do.  The weights are
drawn from a seed; each channel is then scaled and shifted to a drawn deviation
and mean over a few made-up pictures, and each logit to one deviation and to a
mean of 0, so that no channel is dead and classes depend on the picture.  The
network knows nothing of the world: its maps say what a map costs, not what it
shows.

    python3 make_resnet18.py FOLDER

Needs numpy and onnx.
"""
import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CLASSES, SEED, PICTURES = 224, 1000, 18, 16
WIDTHS = (64, 128, 256, 512)  # of the four stages, two blocks each
LOGIT_DEVIATION = 0.5  # over the made-up pictures; those of a photo, farther out, spread to ±9


def enlarged(cells):
    return cells.repeat(SIDE // cells.shape[2], axis=2).repeat(SIDE // cells.shape[3], axis=3)


def pictures(rng):
    """Colours of several scales, mean 0 as ImageNet pictures have it, of which masks let more or less through."""
    drawn = [enlarged(rng.standard_normal((PICTURES, 3, cells, cells))) for cells in (1, 7, 28, 112)]
    masks = enlarged(rng.uniform(0, 1, (PICTURES, 1, 7, 7)) ** 2)
    return (sum(drawn) / len(drawn) ** 0.5 * masks).astype(np.float32)


def windows(x, size, stride, pad, fill):
    """(N, C, H', W', size, size): what each output position of a convolution or pooling sees."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


class Drawing:
    """Draws layer after layer: each is a node of the graph, and its values for the made-up pictures."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.values = {"input": pictures(self.rng)}
        self.nodes, self.weights = [], []

    def node(self, kind, name, inputs, value, output=None, **attributes):
        output = output or f"{name}_output_0"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        self.values[output] = value
        return output

    def weight(self, name, value):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def conv(self, x, name, channels, size, stride):
        seen = windows(self.values[x], size, stride, size // 2, 0)
        kernel = self.rng.standard_normal((channels, seen.shape[1], size, size)).astype(np.float32)
        y = np.stack([np.tensordot(kernel, one, ((1, 2, 3), (0, 3, 4))) for one in seen])
        deviation = self.rng.uniform(0.5, 1.5, channels).astype(np.float32) / y.std(axis=(0, 2, 3))
        mean = self.rng.normal(0, 0.5, channels).astype(np.float32)
        bias = mean - deviation * y.mean(axis=(0, 2, 3))
        y = y * deviation[:, None, None] + bias[:, None, None]
        kernel *= deviation[:, None, None, None]
        weights = [self.weight(f"{name}.weight", kernel), self.weight(f"{name}.bias", bias)]
        return self.node("Conv", path(name, "Conv"), [x, *weights], y, kernel_shape=[size, size],
                         strides=[stride, stride], pads=[size // 2] * 4)

    def relu(self, x, name):
        return self.node("Relu", path(name, "Relu"), [x], np.maximum(self.values[x], 0))

    def block(self, x, name, channels, stride):
        y = self.relu(self.conv(x, f"{name}.conv1", channels, 3, stride), f"{name}.relu")
        y = self.conv(y, f"{name}.conv2", channels, 3, 1)
        if self.values[x].shape != self.values[y].shape:
            x = self.conv(x, f"{name}.downsample.0", channels, 1, stride)
        y = self.node("Add", path(name, "Add"), [y, x], self.values[y] + self.values[x])
        return self.relu(y, f"{name}.relu_1")

    def pool(self, x):
        return self.node("MaxPool", "/maxpool/MaxPool", [x], windows(self.values[x], 3, 2, 1, -np.inf).max(axis=(4, 5)),
                         kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)

    def classify(self, x):
        means = self.values[x].mean(axis=(2, 3))
        x = self.node("GlobalAveragePool", "/avgpool/GlobalAveragePool", [x], means[:, :, None, None])
        x = self.node("Flatten", "/Flatten", [x], means, axis=1)
        matrix = self.rng.standard_normal((CLASSES, means.shape[1])).astype(np.float32)
        logits = means @ matrix.T
        matrix *= (LOGIT_DEVIATION / logits.std(axis=0))[:, None]
        bias = -(means @ matrix.T).mean(axis=0)
        weights = [self.weight("fc.weight", matrix), self.weight("fc.bias", bias)]
        return self.node("Gemm", "/fc/Gemm", [x, *weights], means @ matrix.T + bias, output="logits", transB=1)


def path(name, kind):
    """torch's exporter writes layer1.0.conv1 as /layer1/layer1.0/conv1/Conv."""
    parts = name.split(".")
    if parts[0].startswith("layer"):
        parts = [parts[0], ".".join(parts[:2]), ".".join(parts[2:])]
    return "/" + "/".join(part for part in parts if part) + f"/{kind}"


def resnet18(seed):
    draw = Drawing(seed)
    x = draw.pool(draw.relu(draw.conv("input", "conv1", WIDTHS[0], 7, 2), "relu"))
    for stage, channels in enumerate(WIDTHS, start=1):
        for block in range(2):
            x = draw.block(x, f"layer{stage}.{block}", channels, 2 if stage > 1 and block == 0 else 1)
    draw.classify(x)
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])
    graph = helper.make_graph(draw.nodes, "resnet18_with_drawn_weights", [image], [logits], draw.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes resnet18.onnx with drawn weights, for timing.")
    parser.add_argument("folder", type=Path, help="where to write it; made if it is not there")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "resnet18.onnx"
    onnx.save(resnet18(options.seed), file)
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
