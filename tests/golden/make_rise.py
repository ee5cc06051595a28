#!/usr/bin/env python3
"""RISE in NumPy, float64, on recorded masks: python3 tests/golden/make_rise.py, which writes tests/golden/rise.

Petsiuk et al. 2018: random grids of 0 and 1, enlarged bilinearly to one cell more than the image and shifted; the map is the sum of
the masks times the class's probability under them, divided by the sum of the masks. The network and the image are those of a case
of tests/golden/tiny.
"""
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
case = here / "tiny" / "rect48x64_k16"


def array(name):
    return np.load(case / f"{name}.npy").astype(np.float64)


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


def probabilities(x):
    sizes = np.load(case / "params.npy")
    y = np.maximum(convolved(x, array("conv1_w"), array("conv1_b"), sizes[7], sizes[8]), 0)
    y = np.maximum(convolved(y, array("conv2_w"), array("conv2_b"), sizes[9], sizes[10]), 0)
    logits = y.mean((2, 3)) @ array("fc_w").T + array("fc_b")
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def axis(n, size):  # half-pixel, edges clamped
    at = np.maximum((np.arange(size) + 0.5) * n / size - 0.5, 0)
    low = np.minimum(at.astype(int), n - 1)
    weight = np.zeros((size, n))
    for i in range(size):
        share = at[i] - low[i]
        weight[i, low[i]] += 1 - share
        weight[i, min(low[i] + 1, n - 1)] += share
    return weight


image = array("input")[:1]
target = int(np.load(case / "class.npy")[0])
height, width = image.shape[2:]
count, cells = 40, 5
cell = np.array([-(-height // cells), -(-width // cells)])
enlarged = (cells + 1) * cell
random = np.random.default_rng(7)
grids = (random.random((count, cells, cells)) < 0.5).astype(np.float32)
shifts = np.stack([random.integers(0, cell[0], count), random.integers(0, cell[1], count)], 1).astype(np.int64)

rows, columns = axis(cells, enlarged[0]), axis(cells, enlarged[1])
masks = np.stack([(rows @ g @ columns.T)[y : y + height, x : x + width] for g, (y, x) in zip(grids.astype(np.float64), shifts)])
scores = probabilities(image * masks[:, None])[:, target]
mean = np.tensordot(scores, masks, 1) / masks.sum(0)

out = here / "rise"
out.mkdir(exist_ok=True)
np.save(out / "grids.npy", grids)
np.save(out / "shifts.npy", shifts)
np.save(out / "enlarged.npy", enlarged.astype(np.int64))
np.save(out / "scores.npy", scores)
np.save(out / "mean.npy", mean)
np.save(out / "map.npy", (mean - mean.min()) / (mean.max() - mean.min()))
