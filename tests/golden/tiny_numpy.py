"""What the calculations in NumPy beside this file share: the networks of tests/golden/tiny, bilinear enlarging and random numbers."""
import numpy as np

golden = np.uint64(0x9E3779B97F4A7C15)


# ---- random numbers by position, in integers, as scorecam::ops::normal_draws and scorecam::ops::mix

def mix(z):  # the finaliser of SplitMix64
    with np.errstate(over="ignore"):
        z = np.uint64(z) + golden
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def normal(seed, stream, count):  # in units of 2^-24
    with np.errstate(over="ignore"):
        key = mix(np.uint64(seed) ^ mix(np.uint64(stream)))
        bits = mix(key + np.arange(count, dtype=np.uint64) * golden)
    total = sum(((bits >> np.uint64(16 * k)) & np.uint64(0xFFFF)).astype(np.int64) for k in range(4)) - 4 * 0xFFFF // 2
    square = (3 * total * total) >> 16
    bend = [int(c * 1.7320508075688772 * (1 << 24)) for c in (0.000280, -0.001670, 0.015802, 0.959279)]
    bent = np.full(count, bend[0], np.int64)
    for c in bend[1:]:
        bent = c + ((square * bent) >> 16)
    return ((total * bent) >> 16).astype(np.float32).astype(np.int64)


# ---- the network, conv1 - ReLU - conv2 - ReLU - mean - linear

def convolved(x, w, b, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height = (x.shape[2] - w.shape[2]) // stride + 1
    width = (x.shape[3] - w.shape[3]) // stride + 1
    y = np.zeros((len(x), len(w), height, width)) + b[None, :, None, None]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            seen = x[:, :, i : i + stride * height : stride, j : j + stride * width : stride]
            y += np.einsum("nchw,kc->nkhw", seen, w[:, :, i, j])
    return y


class network:
    def __init__(self, case):
        self.case = case

    def array(self, name):
        return np.load(self.case / f"{name}.npy").astype(np.float64)

    def __call__(self, x):  # logits and activations
        sizes = np.load(self.case / "params.npy")
        y = np.maximum(convolved(x, self.array("conv1_w"), self.array("conv1_b"), sizes[7], sizes[8]), 0)
        y = np.maximum(convolved(y, self.array("conv2_w"), self.array("conv2_b"), sizes[9], sizes[10]), 0)
        return self.tail(y), y

    def tail(self, y):  # logits of activations
        return y.mean((2, 3)) @ self.array("fc_w").T + self.array("fc_b")


def axis(n, size):  # half-pixel, edges clamped
    at = np.maximum((np.arange(size) + 0.5) * n / size - 0.5, 0)
    low = np.minimum(at.astype(int), n - 1)
    weight = np.zeros((size, n))
    for i in range(size):
        share = at[i] - low[i]
        weight[i, low[i]] += 1 - share
        weight[i, min(low[i] + 1, n - 1)] += share
    return weight


def probabilities(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
