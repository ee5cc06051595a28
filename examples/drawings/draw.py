"""Draws textured objects on cluttered backgrounds, with their exact masks.

A drawing is a pair: an RGB picture and a label map of the same size, which is
0 on the background and 1 + class index on an object.  Every drawing has its
own random generator, seeded with (series, index), so the same command always
gives the same bytes and no two series share a picture.

Run as a program, it writes labels.txt and the samples folder.
"""
import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 96
TRAINING, HELD_OUT, HELD_OUT_PAIRS, SAMPLES = 1, 2, 3, 4  # series of drawings

# --- Shapes: where is the object?  Coordinates in units of its radius. ---


def disc(u, v):
    return np.hypot(u, v) < 1


def square(u, v):
    return np.maximum(abs(u), abs(v)) < 0.8


def triangle(u, v):
    return (v > -0.5) & (v + np.sqrt(3) * abs(u) < 1)


def ellipse(u, v):
    return np.hypot(u, v / 0.55) < 1


def star(u, v):
    return triangle(u, v) | triangle(u, -v)


def cross(u, v):
    short, long = np.minimum(abs(u), abs(v)), np.maximum(abs(u), abs(v))
    return (short < 0.33) & (long < 0.94)


def moon(u, v):
    return disc(u, v) & (np.hypot(u - 0.6, v) > 0.75)


def diamond(u, v):
    return abs(u) / 0.7 + abs(v) < 1


# --- Textures: which of the two colours?  Coordinates in texture periods. ---


def stripes(u, v, rng):
    return u % 1 < 0.5


def checks(u, v, rng):
    return (u % 1 < 0.5) ^ (v % 1 < 0.5)


def dots(u, v, rng):
    return np.hypot(u % 1 - 0.5, v % 1 - 0.5) < 0.33


def rings(u, v, rng):
    return np.hypot(u, v) % 1 < 0.5


def plain(u, v, rng):
    return np.zeros(u.shape, bool)


def grid(u, v, rng):
    return (u % 1 < 0.3) | (v % 1 < 0.3)


def speckles(u, v, rng):
    return np.kron(rng.random((SIDE // 2, SIDE // 2)) < 0.4, np.ones((2, 2), bool))


def halves(u, v, rng):
    return v > 0


CLASSES = [
    ("striped disc", disc, stripes),
    ("checked square", square, checks),
    ("dotted triangle", triangle, dots),
    ("ringed ellipse", ellipse, rings),
    ("plain star", star, plain),
    ("gridded cross", cross, grid),
    ("speckled moon", moon, speckles),
    ("split diamond", diamond, halves),
]
LABELS = [name for name, _, _ in CLASSES]


def unit_area(shape):
    """Area of a shape of radius 1, so that sizes can be asked for as areas."""
    u, v = np.meshgrid(*2 * [np.linspace(-1, 1, 201)])
    return 4 * shape(u, v).mean()


AREAS = [unit_area(shape) for _, shape, _ in CLASSES]


def colour_away_from(others, rng):
    """A random colour that can be told from each of the others."""
    while True:
        colour = rng.integers(0, 256, 3)
        if all(np.abs(colour - other).sum() > 180 for other in others):
            return colour


def smooth_noise(rng, cells):
    """Soft colour patches: a few random cells, enlarged."""
    coarse = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    fine = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(fine) - 127.5


def any_colour(rng):
    return tuple(int(c) for c in rng.integers(0, 256, 3))


def scatter_marks(picture, rng):
    """Lines, outlined blobs and small flat marks that mean nothing."""
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(2, 7)):
        ends = [int(c) for c in rng.integers(0, SIDE, 4)]
        pen.line(ends, any_colour(rng), int(rng.integers(1, 3)))
    for _ in range(rng.integers(1, 5)):
        x, y, w, h = (int(c) for c in rng.integers((0, 0, 8, 8), (SIDE, SIDE, 30, 30)))
        pen.ellipse((x, y, x + w, y + h), outline=any_colour(rng))
    for _ in range(rng.integers(4, 12)):
        x, y, w, h = (int(c) for c in rng.integers((0, 0, 2, 2), (SIDE, SIDE, 9, 9)))
        mark = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        mark((x, y, x + w, y + h), fill=any_colour(rng))


def background(rng):
    """Gradient, soft patches and marks; also gives its main colour."""
    main = rng.integers(40, 216, 3)
    ramp = np.linspace(-0.5, 0.5, SIDE)
    slope_x, slope_y = rng.uniform(-90, 90, (2, 3))
    canvas = main + ramp[None, :, None] * slope_x + ramp[:, None, None] * slope_y
    canvas += rng.uniform(0.05, 0.25) * smooth_noise(rng, int(rng.integers(3, 13)))
    picture = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    scatter_marks(picture, rng)
    return np.array(picture), main


def place(kind, shares, rng):
    """Puts an object that covers a share of the picture somewhere inside it,
    turned at random (a square may lose the tip of a corner).  Gives the pixels'
    coordinates in the object's own frame and the pixels it covers."""
    _, shape, _ = CLASSES[kind]
    radius = SIDE * np.sqrt(rng.uniform(*shares) / AREAS[kind])
    x, y = rng.uniform(radius, SIDE - radius, 2)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    du, dv = columns - x, rows - y
    u = np.cos(angle) * du + np.sin(angle) * dv
    v = np.cos(angle) * dv - np.sin(angle) * du
    return u, v, shape(u / radius, v / radius)


def free_places(kinds, rng):
    """Places for all objects, drawn again until none covers another."""
    shares = (0.08, 0.20) if len(kinds) < 2 else (0.08, 0.13)
    while True:
        places = [place(kind, shares, rng) for kind in kinds]
        if np.sum([inside for _, _, inside in places], axis=0).max(initial=0) < 2:
            return places


def paint(kind, u, v, main, rng):
    """A class's texture all over the picture, in two colours that stand out."""
    _, _, texture = CLASSES[kind]
    first = colour_away_from([main], rng)
    second = colour_away_from([main, first], rng)
    period = rng.uniform(6, 9)
    return np.where(texture(u / period, v / period, rng)[..., None], second, first)


def draw(series, index, kinds):
    """Drawing number `index` of a series, with one object of each class asked."""
    rng = np.random.default_rng((series, index))
    pixels, main = background(rng)
    label_map = np.zeros((SIDE, SIDE), np.uint8)
    for kind, (u, v, inside) in zip(kinds, free_places(kinds, rng)):
        pixels[inside] = paint(kind, u, v, main, rng)[inside]
        label_map[inside] = 1 + kind
    noise = rng.normal(0, rng.uniform(2, 12), pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8), label_map


def pair_of_kinds(series, index):
    """Two different classes for drawing number `index`."""
    rng = np.random.default_rng((series, index, 0))
    return [int(k) for k in rng.choice(len(CLASSES), 2, replace=False)]


def sample_kinds():
    """One drawing of each class, then three drawings of two classes."""
    singles = [[kind] for kind in range(len(CLASSES))]
    return singles + [pair_of_kinds(SAMPLES, len(singles) + i) for i in range(3)]


def write_samples(folder):
    """Pictures, masks and the table that joins them."""
    folder.mkdir(exist_ok=True)
    rows = []
    for index, kinds in enumerate(sample_kinds()):
        pixels, label_map = draw(SAMPLES, index, kinds)
        name = "_and_".join(LABELS[k].replace(" ", "_") for k in kinds)
        Image.fromarray(pixels).save(folder / f"{name}.png")
        for kind in kinds:
            mask = f"{name}.mask.{kind}.png"
            Image.fromarray(np.uint8(255) * (label_map == 1 + kind)).save(folder / mask)
            rows.append((f"{name}.png", kind, mask))
    with open(folder / "samples.csv", "w", newline="") as table:
        csv.writer(table, lineterminator="\n").writerows([("image", "class", "mask"), *rows])


if __name__ == "__main__":
    here = Path(__file__).parent
    (here / "labels.txt").write_text("\n".join(LABELS) + "\n")
    write_samples(here / "samples")
