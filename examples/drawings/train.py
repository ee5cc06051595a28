"""Trains the classifier of drawings and writes it to drawings.onnx.

Score-CAM shows the network pictures of which only a part is left, the rest
being grey.  The network learns what to say about those: the target keeps the
share of a class that is still visible and spreads the rest evenly.
"""
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from draw import CLASSES, HELD_OUT, HELD_OUT_PAIRS, SIDE, TRAINING, draw, pair_of_kinds

COUNT = len(CLASSES)
DRAWINGS, EPOCHS, BATCH = 12000, 10, 50


def training_kinds(index):
    """Of ten drawings, six show one object, three show two, one shows none."""
    if index % 10 < 6:
        return [index // 10 % COUNT]
    return pair_of_kinds(TRAINING, index) if index % 10 < 9 else []


def drawings(series, kinds):
    """Pictures and label maps as two tensors of bytes."""
    pairs = [draw(series, index, k) for index, k in enumerate(kinds)]
    pictures, maps = (torch.from_numpy(np.stack(part)) for part in zip(*pairs))
    return pictures.permute(0, 3, 1, 2).contiguous(), maps


def network_input(pictures):
    """Bytes to the range -1 to 1: the preprocessing a user has to repeat."""
    return (pictures.float() - 127.5) / 127.5


class Classifier(nn.Module):
    """Five convolutions to 64 maps of 12x12, averaged; then one linear layer."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(OrderedDict(
            conv1=nn.Conv2d(3, 16, 5, stride=2, padding=2), norm1=nn.BatchNorm2d(16), relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 24, 3, padding=1), norm2=nn.BatchNorm2d(24), relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(24, 32, 3, padding=1), norm3=nn.BatchNorm2d(32), relu3=nn.ReLU(),
            pool3=nn.MaxPool2d(2),
            conv4=nn.Conv2d(32, 64, 3, padding=1), norm4=nn.BatchNorm2d(64), relu4=nn.ReLU(),
            conv5=nn.Conv2d(64, 64, 3, padding=1), norm5=nn.BatchNorm2d(64), relu5=nn.ReLU(),
        ))
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(64, COUNT)

    def forward(self, x):
        return self.linear(self.flatten(self.average(self.features(x))))


def random_masks(count):
    """Soft random masks in 0 to 1, like the ones Score-CAM makes."""
    cells = int(torch.randint(2, 13, ()))
    coarse = torch.rand(count, 1, cells, cells) ** float(torch.randint(1, 7, ()))
    fine = F.interpolate(coarse, (SIDE, SIDE), mode="bilinear", align_corners=False)
    low, high = fine.amin((2, 3), keepdim=True), fine.amax((2, 3), keepdim=True)
    return (fine - low) / (high - low)


def targets(maps, masks):
    """Class shares from how much of each object its mask lets through; an
    object counts in full from 40 % of its contrast on."""
    objects = F.one_hot(maps.long(), COUNT + 1)[..., 1:].float()
    seen = (objects * (masks[:, 0] / 0.4).clamp(max=1)[..., None]).sum((1, 2))
    visible = seen / objects.sum((1, 2)).clamp(min=1)
    total = visible.sum(1, keepdim=True)
    return visible / total.clamp(min=1) + (1 - total).clamp(min=0) / COUNT


def batch(pictures, maps):
    """Flips or turns a batch at random and masks every second picture."""
    if torch.rand(()) < 0.5:
        pictures, maps = pictures.flip(-1), maps.flip(-1)
    turns = int(torch.randint(0, 4, ()))
    pictures, maps = pictures.rot90(turns, (-2, -1)), maps.rot90(turns, (-2, -1))
    masks = torch.ones(len(maps), 1, SIDE, SIDE)
    masks[::2] = random_masks(len(masks[::2]))
    return network_input(pictures) * masks, targets(maps, masks)


def train(model, pictures, maps):
    steps = EPOCHS * (DRAWINGS // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, steps)
    for epoch in range(EPOCHS):
        losses = []
        for chosen in torch.randperm(DRAWINGS).split(BATCH):
            x, target = batch(pictures[chosen], maps[chosen])
            loss = F.cross_entropy(model(x), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}", flush=True)


def fold_norms(model):
    """Moves each batch normalisation into the convolution before it."""
    layers, kept = dict(model.features.named_children()), OrderedDict()
    for name, layer in layers.items():
        if name.startswith("conv"):
            kept[name] = nn.utils.fuse_conv_bn_eval(layer, layers[name.replace("conv", "norm")])
        elif not name.startswith("norm"):
            kept[name] = layer
    model.features = nn.Sequential(kept)
    return model


@torch.no_grad()
def accuracy(model, count=2000):
    """Share of held-out drawings of one object that are named rightly."""
    kinds = [index % COUNT for index in range(count)]
    pictures, _ = drawings(HELD_OUT, [[k] for k in kinds])
    named = torch.cat([model(network_input(part)).argmax(1) for part in pictures.split(100)])
    return (named == torch.tensor(kinds)).float().mean().item()


@torch.no_grad()
def pair_accuracy(model, count=500):
    """Share of held-out drawings of two objects whose classes are the top two."""
    kinds = [pair_of_kinds(HELD_OUT_PAIRS, index) for index in range(count)]
    pictures, _ = drawings(HELD_OUT_PAIRS, kinds)
    named = torch.cat([model(network_input(part)).topk(2)[1] for part in pictures.split(100)])
    return (named.sort()[0] == torch.tensor(kinds).sort()[0]).all(1).float().mean().item()


def export(model, path):
    torch.onnx.export(model, torch.zeros(2, 3, SIDE, SIDE), path, opset_version=11,
                      input_names=["input"], output_names=["logits"],
                      dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = Classifier()
    train(model, *drawings(TRAINING, [training_kinds(index) for index in range(DRAWINGS)]))
    model = fold_norms(model.eval())
    print("parameters:", sum(p.numel() for p in model.parameters()))
    print(f"accuracy on held-out drawings of one object: {accuracy(model):.4f}")
    print(f"both of two objects in the top two: {pair_accuracy(model):.4f}")
    export(model, str(Path(__file__).with_name("drawings.onnx")))
