#!/usr/bin/env python3
"""RISE in NumPy, float64, on recorded masks: python3 tests/golden/make_rise.py, which writes tests/golden/rise.

Petsiuk et al. 2018: random grids of 0 and 1, enlarged bilinearly to one cell more than the image and shifted; the map is the sum of
the masks times the class's probability under them, divided by the sum of the masks. The network and the image are those of a case
of tests/golden/tiny.
"""
import pathlib

import numpy as np

from tiny_numpy import axis, network, probabilities

here = pathlib.Path(__file__).parent
case = here / "tiny" / "rect48x64_k16"


net = network(case)


def seen(x):
    return probabilities(net(x)[0])


image = net.array("input")[:1]
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
scores = seen(image * masks[:, None])[:, target]
mean = np.tensordot(scores, masks, 1) / masks.sum(0)

out = here / "rise"
out.mkdir(exist_ok=True)
np.save(out / "grids.npy", grids)
np.save(out / "shifts.npy", shifts)
np.save(out / "enlarged.npy", enlarged.astype(np.int64))
np.save(out / "scores.npy", scores)
np.save(out / "mean.npy", mean)
np.save(out / "map.npy", (mean - mean.min()) / (mean.max() - mean.min()))
