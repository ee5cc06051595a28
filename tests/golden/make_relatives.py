#!/usr/bin/env python3
"""Relatives of Score-CAM in NumPy, float64: python3 tests/golden/make_relatives.py, which writes tests/golden/relatives.

Each by its published formula, on a case of tests/golden/tiny, and on masks that are recorded where they are random.
"""
import pathlib

import numpy as np

from tiny_numpy import axis, network, normal, probabilities

here = pathlib.Path(__file__).parent
net = network(here / "tiny" / "rect48x64_k16")
image = net.array("input")[:1]
target = int(np.load(net.case / "class.npy")[0])
size = image.shape[2:]
logits, activations = net(image)
activations = activations[0]
channels, grid = len(activations), activations.shape[1:]
out = here / "relatives"
out.mkdir(exist_ok=True)

enlarge = lambda a: axis(a.shape[0], size[0]) @ a @ axis(a.shape[1], size[1]).T
relu = lambda a: np.maximum(a, 0)
stretched = lambda a, epsilon=0.0: (a - a.min()) / (a.max() - a.min() + epsilon)
score = lambda x: probabilities(net(x)[0])[:, target]
logit = lambda x: net(x)[0][:, target]
under = lambda masks, f: f(image * masks[:, None])
live = [k for k in range(channels) if activations[k].max() > activations[k].min()]


def save(name, before, shown):
    np.save(out / f"{name}.npy", before)
    np.save(out / f"{name}_map.npy", shown)


# RISE with centred scores, on the masks of make_rise.py
grids, shifts, enlarged = (np.load(here / "rise" / f"{n}.npy") for n in ("grids", "shifts", "enlarged"))
rows, columns = axis(grids.shape[1], enlarged[0]), axis(grids.shape[2], enlarged[1])
masks = np.stack([(rows @ g.astype(np.float64) @ columns.T)[y : y + size[0], x : x + size[1]] for g, (y, x) in zip(grids, shifts)])
y = under(masks, score)
mean = np.tensordot(y - y.mean(), masks, 1) / masks.sum(0)
save("rise_centred", mean, stretched(relu(mean)))

# Occlusion: patches of 16 pixels, 8 apart, the last ones cut off by the edge
hidden = []
for top in range(0, -(-(size[0] - 16) // 8) * 8 + 1, 8):
    for left in range(0, -(-(size[1] - 16) // 8) * 8 + 1, 8):
        patch = np.zeros(size)
        patch[top : top + 16, left : left + 16] = 1
        hidden.append(patch)
hidden = np.stack(hidden)
drop = score(image)[0] - under(1 - hidden, score)
mean = np.tensordot(drop, hidden, 1) / hidden.sum(0)
save("occlusion", mean, stretched(relu(mean)))

# HSIC of cells of 0 and 1 and the probability
cells = (np.random.default_rng(11).random((60, 6, 6)) < 0.5).astype(np.float32)
np.save(out / "hsic_grids.npy", cells)
y = under(np.stack([enlarge(c.astype(np.float64)) for c in cells]), score)
L = np.exp(-((y[:, None] - y[None]) ** 2) / (2 * np.median(y) ** 2))
H = np.eye(len(y)) - 1 / len(y)
flat = cells.reshape(len(y), -1).astype(np.float64)
dependence = np.array([np.trace((0.5 - (m[:, None] - m[None]) ** 2) @ H @ L @ H) for m in flat.T]).reshape(6, 6) / len(y) ** 2
save("hsic", dependence, stretched(relu(enlarge(dependence))))

# SS-CAM and IS-CAM: C(A_k) of the mean score, X_b = 0
base = score(image * 0)[0]
weights = np.zeros(channels)
for k in live:
    noise = normal(3, k, 6 * grid[0] * grid[1]).reshape(6, *grid) / (1 << 24)
    weights[k] = under(np.stack([stretched(enlarge(activations[k] + 0.5 * n)) for n in noise]), score).mean() - base
total = np.tensordot(weights, activations, 1)
save("ss_cam", total, stretched(relu(enlarge(total))))

weights = np.zeros(channels)
for k in live:
    mask = stretched(enlarge(activations[k]))
    weights[k] = under(np.stack([mask * n / 10 for n in range(1, 11)]), score).mean() - base
total = np.tensordot(weights, activations, 1)
save("is_cam", total, stretched(relu(enlarge(total))))

# torch-cam's IS-CAM: its coefficient accumulates, and a softmax over all channels follows
mean = np.zeros(channels)
for k in range(channels):
    mask = enlarge(stretched(activations[k], 1e-8))
    coefficient = np.cumsum(np.arange(1, 11) / 10)
    mean[k] = under(coefficient[:, None, None] * mask, logit).mean() - logit(image)[0]
weights = np.exp(mean - mean.max())
weights /= weights.sum()
total = np.tensordot(weights, activations, 1)
save("torch_cam_is_cam", total, enlarge(stretched(relu(total), 1e-8)))

# Recipro-CAM: each cell of the activations alone, or with faint neighbours
count = grid[0] * grid[1]
for name, window in (("recipro_cam", [0, 1, 0]), ("recipro_cam_gaussian", [0.25, 0.5, 0.25])):
    shown = []
    for cell in range(count):
        line = lambda n, at: np.array([window[i - at + 1] if abs(i - at) <= 1 else 0 for i in range(n)], np.float64)
        shown.append(activations * np.outer(line(grid[0], cell // grid[1]), line(grid[1], cell % grid[1])))
    y = probabilities(net.tail(np.stack(shown)))[:, target].reshape(grid)
    save(name, y, enlarge(stretched(y)))

# Ablation-CAM: the drop of the logit without a channel, as a share of it
whole = logit(image)[0]
ablated = np.stack([activations * (np.arange(channels) != k)[:, None, None] for k in range(channels)])
weights = (whole - net.tail(ablated)[:, target]) / whole
total = np.tensordot(weights, activations, 1)
save("ablation_cam", total, stretched(enlarge(relu(total))))
save("pytorch_grad_cam_ablation", total, stretched(enlarge((relu(total) - relu(total).min()) / (relu(total).max() - relu(total).min() + 1e-7)), 1e-7))
