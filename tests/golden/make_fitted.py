#!/usr/bin/env python3
"""Maps fitted to random masks, in NumPy, float64: python3 tests/golden/make_fitted.py, which writes tests/golden/fitted.

Random smooth masks in pairs of opposites, a Gaussian process on the logits under them, and of it the weight of each cell and its
Shapley value of the class's probability. The network and the images are those of cases of tests/golden/tiny.
"""
import pathlib

import numpy as np

from tiny_numpy import axis, mix, network, normal

here = pathlib.Path(__file__).parent


def field(grid, seed, n):
    sigma = max(grid) / 9
    radius = int(4 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = np.floor(taps / taps.sum() * (1 << 24) + 0.5).astype(np.int64)
    noise = normal(seed, n, (grid[0] + 8) * (grid[1] + 8)).reshape(grid[0] + 8, grid[1] + 8)
    for axis in (1, 0):
        size = noise.shape[axis]
        at = (np.arange(size)[:, None] + np.arange(-radius, radius + 1)) % (2 * size)
        at = np.where(at < size, at, 2 * size - 1 - at)  # mirrored with its edge
        seen = np.take(noise, at, axis)  # (size, taps) in the place of the axis
        noise = (seen * (taps[None, :] if axis == 1 else taps[None, :, None])).sum(axis + 1) >> 24
    return noise[4:-4, 4:-4]


def fields(grid, seed, number):
    out = []
    for n in range(number // 2):
        f = field(grid, seed, n)
        drawn = (1 << 32) + 8 * int(mix(np.uint64(seed) ^ mix(~np.uint64(n))) >> np.uint64(32))
        rank = (f.size - 1) * drawn // (10 << 32)
        m = f > np.sort(f.ravel())[rank]
        out += [m, ~m]
    return np.stack(out).astype(np.float64)


# ---- the method

def fitted(covariance_of, masks, under, hidden, whole, c, score, orders=24, noise=1e-2):
    grid = masks.shape[1:]
    d = grid[0] * grid[1]
    ij = np.stack(np.meshgrid(*map(np.arange, grid), indexing="ij"), -1).reshape(-1, 2)
    near = np.exp(-((ij[:, None] - ij[None]) ** 2).sum(-1) / 8)
    if covariance_of is None:
        C = near
    else:
        F = covariance_of.reshape(-1, d)
        G = F.T @ F
        C = G / (np.trace(G) / d) * near + 0.02 * near

    if score == "probability":
        P = np.exp(under - under.max(1, keepdims=True))
        P /= P.sum(1, keepdims=True)
        likely = sorted(set(np.argsort(-P.max(0))[:48]) | set(np.argsort(-whole)[:8]) | {c})
        likely = [c] + [k for k in likely if k != c]
        rest = np.ones(under.shape[1], bool)
        rest[likely] = False

        def columns(y):
            left = y[:, rest]
            top = left.max(1, keepdims=True) if rest.any() else None
            return np.concatenate([y[:, likely]] + ([top + np.log(np.exp(left - top).sum(1, keepdims=True))] if rest.any() else []), 1)

        def value(m):
            e = np.exp(m - m.max(1, keepdims=True))
            return e[:, 0] / e.sum(1)
    else:
        columns = lambda y: y[:, [c]]
        value = lambda m: m[:, 0]

    X = np.concatenate([masks.reshape(-1, d), np.zeros((1, d)), np.ones((1, d))])
    mean = columns(hidden[None])[0]
    Y = columns(np.concatenate([under, hidden[None], whole[None]])) - mean
    a = 4 / C.sum()
    XC = X @ C
    size = (XC * X).sum(1)
    D2 = np.maximum(size[:, None] + size[None] - 2 * XC @ X.T, 0)
    length = np.median(D2[D2 > 1e-9 * D2.max()])  # without those of a mask to itself, which rounding makes 0 or nearly

    def kernel(inner, square):
        s = np.sqrt(3 * square / length)
        return a * inner + (1 + s) * np.exp(-s)

    K = kernel(XC @ X.T, D2) + noise * np.eye(len(X))
    alpha = np.linalg.solve(K, Y)
    linear = a * XC.T @ alpha[:, 0]
    inverse = np.linalg.inv(K)
    left_out = alpha[:, 0] / np.diag(inverse)  # what each answer is off from what the others say
    deviation = np.sqrt((a * inverse @ XC).T ** 2 @ left_out**2)
    shapley = np.zeros(d)
    for o in range(orders):
        order = np.argsort(-field(grid, 0, o).ravel(), kind="stable")
        h = np.zeros((d + 1, d))
        for k in range(d):
            h[k + 1 :, order[k]] = 1
        square = ((h @ C) * h).sum(1)[:, None] + size[None] - 2 * h @ XC.T
        shapley[order] += np.diff(value(mean + kernel(h @ XC.T, np.maximum(square, 0)) @ alpha)) / orders
    shown = lambda s: np.maximum(s, 0) / max(s.max(), 1e-30)
    shape = lambda s: s.reshape(grid)
    return {
        "both": shape(shown(shapley) + shown(linear)),
        "shapley": shape(shown(shapley)),
        "linear": shape(shown(linear)),
        "values": shape(linear),
        "deviations": shape(deviation),
    }


out = here / "fitted"
out.mkdir(exist_ok=True)
for name, number, cells, score in [
    ("rect48x64_k16", 64, None, "probability"),
    ("rect48x64_k16", 64, (6, 8), "probability"),
    ("sq64_7x7_k32", 128, None, "logit"),
    ("odd37x53_k8", 32, None, "probability"),
]:
    net = network(here / "tiny" / name)
    image = net.array("input")[:1]
    target = int(np.load(net.case / "class.npy")[0])
    whole, activations = net(image)
    grid = cells or activations.shape[2:]
    masks = fields(grid, 7, number)
    rows, across = axis(grid[0], image.shape[2]), axis(grid[1], image.shape[3])
    under = net(image * np.stack([rows @ m @ across.T for m in masks])[:, None])[0]
    hidden = net(image * 0)[0]
    made = fitted(None if cells else activations[0], masks, under, hidden[0], whole[0], target, score)
    case = out / (name + ("_black_box" if cells else ""))
    case.mkdir(exist_ok=True)
    np.save(case / "masks.npy", masks.astype(np.uint8))
    for key, value in made.items():
        np.save(case / f"{key}.npy", value)

# More classes than have a column of their own: the answers themselves, of a made-up linear network.
random = np.random.default_rng(3)
masks = fields((5, 6), 7, 32)
shown = np.concatenate([masks.reshape(32, 30), np.zeros((1, 30)), np.ones((1, 30))])
answers = (shown @ random.standard_normal((30, 120)) + random.standard_normal(120)).astype(np.float32)
case = out / "many_classes"
case.mkdir(exist_ok=True)
np.save(case / "masks.npy", masks.astype(np.uint8))
np.save(case / "answers.npy", answers)
exact = answers.astype(np.float64)
likely, unlikely = int(exact[33].argmax()), int(exact[:32].max(0).argmin())
np.save(case / "targets.npy", np.array([likely, unlikely]))
for m, c in enumerate((likely, unlikely)):
    for key, value in fitted(None, masks, exact[:32], exact[32], exact[33], c, "probability").items():
        np.save(case / f"{key}_{m}.npy", value)
