#!/usr/bin/env python3
"""Writes a list for scorecam evaluate from the photos of the data folder: classes, boxes and masks.

    python3 bench/photo_list.py "$SCORECAM_DATA_DIR" squeezenet1_1 > photos.csv

The class of a photo is the accepted one that the network ranks highest, or the first one. Boxes are of the 224 x 224 centre
crop, corners included, in images.json, and become pixels of the whole photo here.
"""
import csv
import json
import pathlib
import sys

# One photo with a dog and a cat: a row for each, with its own box.
TWO_OBJECTS = {"both": [({242, 243}, 0), ({281, 282, 285}, 1)]}
INPUT, SHORT_SIDE = 224, 256  # the usual preparation: the short side becomes 256, the centre 224 x 224 is seen


def crop(width, height):
    """Left, top and side of the square that the network sees, as scorecam::opencv::crop_of has it."""
    if (width, height) == (INPUT, INPUT):
        return 0, 0, INPUT
    side = int(min(width, height) * INPUT / SHORT_SIDE + 0.5)
    return (width - side) // 2, (height - side) // 2, side


def box_text(box, size):
    left, top, side = crop(*size)
    x1, y1, x2, y2 = box
    corners = [left + x1 * side / INPUT, top + y1 * side / INPUT,
               left + (x2 + 1) * side / INPUT, top + (y2 + 1) * side / INPUT]
    return " ".join(f"{value:.4f}" for value in corners)


def best_class(accepted, photo, network):
    if not accepted:
        return ""  # the network's own choice
    ranked = [label for label, _ in photo.get("top5", {}).get(network, []) if label in accepted]
    return (ranked or sorted(accepted))[0]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: photo_list.py DATA_FOLDER NETWORK")
    folder, network = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["image", "class", "box", "mask"])
    for photo in json.loads((folder / "images.json").read_text()):
        file = folder / photo["file"]
        boxes = photo.get("boxes224") or []
        mask = file.with_name(file.stem + "_mask.png")
        objects = TWO_OBJECTS.get(photo["name"])
        if objects is None:
            objects = [(set(photo["classes"]), None)]
        for accepted, only in objects:
            shown = boxes if only is None else [boxes[only]]
            rows.writerow([file, best_class(accepted, photo, network), "; ".join(box_text(b, photo["size"]) for b in shown),
                           mask if mask.exists() else ""])


main()
