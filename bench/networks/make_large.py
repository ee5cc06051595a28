"""Writes vgg16.onnx and resnet50.onnx: their layers with drawn weights, for timing on GPUs.

Shapes and strides are those of torchvision's vgg16 and resnet50, with every
batch normalisation folded into its convolution; the last activations have 512
channels of (14, 14) and 2048 of (7, 7).  Weights are drawn as those of
resnet18.onnx are, see make_resnet18.py.

    python3 make_large.py FOLDER [vgg16] [resnet50]

Needs numpy and onnx; vgg16.onnx has 553 MB, and takes 2.8 GB of memory to
make.
"""
import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

import make_resnet18
from make_resnet18 import CLASSES, SEED, SIDE, Drawing, path, windows

make_resnet18.PICTURES = 3  # the layers are large


class LargeDrawing(Drawing):
    def node(self, kind, name, inputs, value, output=None, **attributes):
        output = super().node(kind, name, inputs, value, output, **attributes)
        for old in list(self.values)[:-10]:  # more than a block has
            del self.values[old]
        return output

    def linear(self, x, name, classes):
        matrix = self.rng.standard_normal((classes, self.values[x].shape[1]), dtype=np.float32)
        y = self.values[x] @ matrix.T
        matrix /= y.std()
        y /= y.std()
        weights = [self.weight(f"{name}.weight", matrix), self.weight(f"{name}.bias", np.zeros(classes))]
        return self.node("Gemm", path(name, "Gemm"), [x, *weights], y, transB=1)

    def bottleneck(self, x, name, channels, stride):
        y = self.relu(self.conv(x, f"{name}.conv1", channels, 1, 1), f"{name}.relu")
        y = self.relu(self.conv(y, f"{name}.conv2", channels, 3, stride), f"{name}.relu_1")
        y = self.conv(y, f"{name}.conv3", 4 * channels, 1, 1)
        if self.values[x].shape != self.values[y].shape:
            x = self.conv(x, f"{name}.downsample.0", 4 * channels, 1, stride)
        y = self.node("Add", path(name, "Add"), [y, x], self.values[y] + self.values[x])
        return self.relu(y, f"{name}.relu_2")


def resnet50(draw):
    x = draw.pool(draw.relu(draw.conv("input", "conv1", 64, 7, 2), "relu"))
    for stage, (blocks, channels) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), start=1):
        for block in range(blocks):
            x = draw.bottleneck(x, f"layer{stage}.{block}", channels, 2 if stage > 1 and block == 0 else 1)
    draw.classify(x)


def vgg16(draw):
    x, layer = "input", 0
    for channels in (64, 64, None, 128, 128, None, 256, 256, 256, None, 512, 512, 512, None, 512, 512, 512, None):
        if channels:
            x = draw.relu(draw.conv(x, f"features.{layer}", channels, 3, 1), f"features.{layer + 1}")
            layer += 2
        else:
            value = windows(draw.values[x], 2, 2, 0, 0).max(axis=(4, 5))
            x = draw.node("MaxPool", path(f"features.{layer}", "MaxPool"), [x], value, kernel_shape=[2, 2], strides=[2, 2])
            layer += 1
    flat = draw.values[x].reshape(len(draw.values[x]), -1)
    x = draw.node("Flatten", "/Flatten", [x], flat, axis=1)
    x = draw.relu(draw.linear(x, "classifier.0", 4096), "classifier.1")
    x = draw.relu(draw.linear(x, "classifier.3", 4096), "classifier.4")
    x = draw.linear(x, "classifier.6", CLASSES)
    draw.nodes[-1].output[0] = "logits"


def save(make, file):
    draw = LargeDrawing(SEED)
    make(draw)
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])
    graph = helper.make_graph(draw.nodes, f"{make.__name__}_with_drawn_weights", [image], [logits], draw.weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes vgg16.onnx and resnet50.onnx with drawn weights, for timing.")
    parser.add_argument("folder", type=Path, help="where to write them; made if it is not there")
    parser.add_argument("networks", nargs="*", metavar="vgg16|resnet50")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for make in (vgg16, resnet50):
        if not options.networks or make.__name__ in options.networks:
            save(make, options.folder / f"{make.__name__}.onnx")
