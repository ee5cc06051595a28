"""Makes the networks of tests/onnx and records what ONNX Runtime computes with them.

    python3 tests/onnx/make_networks.py        (pip install onnx onnxruntime)

NETWORK.onnx comes with NETWORK.input.npy, NETWORK.output.npy and, for the
layer that the tests explain, NETWORK.layer.npy.  Between them the networks have
every operator that a plan can be made of, with the parameters that make a
difference.  Weights are drawn from fixed seeds.
"""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent / "networks"


class Network:
    """A graph in the making: each method adds a node, called after its number and type, and returns its result."""

    def __init__(self, name, channels, height, width, operators):
        self.name, self.shape, self.operators = name, (channels, height, width), operators
        self.random = np.random.default_rng(sum(map(ord, name)))
        self.nodes, self.weights = [], []

    def constant(self, values, kind=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def drawn(self, *shape, low=-1.0, high=1.0):
        return self.constant(self.random.uniform(low, high, shape))

    def node(self, kind, *inputs, **attributes):
        name = f"{len(self.nodes)}_{kind}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def conv(self, x, channels, into, size=3, groups=1, bias=True, **attributes):
        size = (size, size) if isinstance(size, int) else size
        scale = 1.5 / np.sqrt(channels // groups * size[0] * size[1])
        w = self.drawn(into, channels // groups, *size, low=-scale, high=scale)
        inputs = [x, w] + ([self.drawn(into, low=-0.2, high=0.2)] if bias else [])
        return self.node("Conv", *inputs, group=groups, **attributes)

    def norm(self, x, channels):
        return self.node("BatchNormalization", x, self.drawn(channels, low=0.5, high=1.5), self.drawn(channels),
                         self.drawn(channels), self.drawn(channels, low=0.5, high=1.5), epsilon=1e-3)

    def clip(self, x):
        if self.operators < 11:
            return self.node("Clip", x, min=0.0, max=0.25)
        return self.node("Clip", x, self.constant(0.0), self.constant(0.25))

    def gemm(self, x, channels, classes):
        return self.node("Gemm", x, self.drawn(classes, channels), self.drawn(classes), transB=1, alpha=0.5, beta=2.0)

    def save(self, scores, layer):
        def value(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        def model(*outputs):
            graph = helper.make_graph(self.nodes, self.name, [value("input", ["n", *self.shape])],
                                      [value(o, axes) for o, axes in zip(outputs, (["n", "classes"], list("nchw")))], self.weights)
            return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.operators)], ir_version=7)

        onnx.checker.check_model(model(scores))
        (FOLDER / f"{self.name}.onnx").write_bytes(model(scores).SerializeToString())
        x = self.random.uniform(-1, 1, (2, *self.shape)).astype(np.float32)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model(scores, layer).SerializeToString(), options)
        for what, array in zip(("output", "layer"), session.run([scores, layer], {"input": x})):
            np.save(FOLDER / f"{self.name}.{what}.npy", array)
        np.save(FOLDER / f"{self.name}.input.npy", x)


def mobile():
    """As MobileNetV2: depthwise convolutions, a ReLU with a ceiling, padding of one side (also by a Pad), sums."""
    net = Network("mobile", 3, 15, 14, 10)
    x = net.node("Pad", "input", mode="constant", pads=[0, 0, 0, 0, 0, 0, 1, 1])
    x = net.clip(net.conv(x, 3, 8, strides=[2, 2]))
    narrow = net.conv(net.clip(net.conv(x, 8, 8, groups=8, pads=[1, 1, 1, 1])), 8, 4, 1)
    wide = net.clip(net.conv(narrow, 4, 12, 1))
    wide = net.clip(net.conv(wide, 12, 12, groups=12, auto_pad="SAME_LOWER"))
    x = net.node("Add", narrow, net.conv(wide, 12, 4, 1))
    x = net.conv(x, 4, 12, (3, 2), groups=2, strides=[2, 1], auto_pad="SAME_UPPER")
    layer = net.clip(x)
    x = net.node("Flatten", net.node("GlobalAveragePool", layer))
    net.save(net.gemm(x, 12, 5), layer)


def fire():
    """As SqueezeNet: maxima with windows that are not full, Concat, Dropout, a convolution for each class."""
    net = Network("fire", 2, 14, 17, 11)
    x = net.node("Relu", net.conv("input", 2, 6, strides=[2, 2]))
    x = net.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = net.node("Relu", net.conv(x, 6, 4, 1))
    one, three = net.node("Relu", net.conv(x, 4, 5, 1)), net.node("Relu", net.conv(x, 4, 7, 3, pads=[1, 1, 1, 1]))
    layer = net.node("Concat", one, three, x, axis=1)
    x = net.node("Relu", net.conv(net.node("Dropout", layer), 16, 4, 1))
    net.save(net.node("Softmax", net.node("Flatten", net.node("GlobalAveragePool", x)), axis=1), layer)


def normal():
    """As ResNet and DenseNet: normalisations before and behind convolutions, a sum of two convolutions, dilation."""
    net = Network("normal", 3, 12, 11, 13)
    x = net.node("Relu", net.norm(net.conv("input", 3, 6, 5, bias=False, strides=[2, 2], pads=[2, 2, 2, 2]), 6))
    x = net.node("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    deep = net.node("Relu", net.norm(net.conv(x, 6, 8, bias=False, strides=[2, 2], pads=[1, 1, 1, 1]), 8))
    deep = net.norm(net.conv(deep, 8, 8, bias=False, dilations=[2, 2], pads=[2, 2, 2, 2]), 8)
    beside = net.norm(net.conv(x, 6, 8, 1, bias=False, strides=[2, 2]), 8)
    layer = net.node("Relu", net.node("Add", deep, beside))
    x = net.node("Tanh", net.norm(layer, 8))
    x = net.node("ReduceMean", x, axes=[2, 3], keepdims=0)
    net.save(net.node("LogSoftmax", net.gemm(x, 8, 4)), layer)


def means():
    """Means with and without padding, sums and products with constants, reshapes by what is known of the shape."""
    net = Network("means", 2, 10, 9, 13)
    x = net.node("Sub", net.node("Mul", "input", net.drawn(1, 2, 1, 1, low=0.5)), net.drawn(2, 1, 1))
    x = net.node("Sigmoid", net.conv(x, 2, 6, pads=[0, 1, 2, 0]))
    x = net.node("AveragePool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0])
    x = net.node("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], count_include_pad=1)
    layer = net.node("Sum", x, net.node("Div", x, net.constant(4.0)))
    x = net.node("AveragePool", layer, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    largest = net.node("GlobalMaxPool", x)
    x = net.node("Concat", net.node("GlobalAveragePool", x), largest, axis=1)
    n = net.node("Gather", net.node("Shape", x), net.constant(0, np.int64), axis=0)
    to = net.node("Concat", net.node("Unsqueeze", n, net.constant([0], np.int64)), net.constant([-1], np.int64), axis=0)
    x = net.node("Reshape", x, to)
    x = net.node("Squeeze", net.node("Unsqueeze", x, net.constant([2], np.int64)), net.constant([-1], np.int64))
    x = net.node("Add", net.node("MatMul", net.node("Identity", x), net.drawn(12, 3)), net.drawn(3))
    net.save(x, layer)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for make in (mobile, fire, normal, means):
        make()
