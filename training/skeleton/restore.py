"""The shipped networks as weights to train on: ``python -m training.skeleton.restore``.

``restore skeleton OUT.pt EXAMPLES.npz ...`` (or ``joints``) reads the ONNX file that ships, in the
renderer's environment, and writes what ``--start`` of either training takes. Export has folded each
batch normalisation into its convolution; here each gets the mean and the variance that its
channels have on augmented examples, so that the network answers as before and learns as before.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from tqdm import trange

from training.skeleton import joints, train
from training.skeleton.network import HEIGHT_PX, TOLD, WIDTH_PX, SkeletonNetwork

BATCHES = 12
"""As many crops, 32 each, tell a channel's mean and variance."""

Tensors = list[torch.Tensor]


def layers_of(model: onnx.ModelProto) -> list[Tensors]:
    """Weight and bias of each convolution and linear layer, in the order that they run in."""
    known = {
        weights.name: numpy_helper.to_array(weights).astype(np.float32)
        for weights in model.graph.initializer
    }
    layers = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in known:
            known[node.output[0]] = known[node.input[0]]
        elif node.op_type in ("Conv", "Gemm"):
            layers.append([torch.tensor(known[name]) for name in node.input[1:]])
    return layers


def in_order(network: nn.Module, run: Callable[[], Any]) -> list[nn.Module]:
    """The same layers of the network, in the order that they run in."""
    order: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(lambda layer, *_: order.append(layer))
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    run()
    for hook in hooks:
        hook.remove()
    return order


@torch.no_grad()
def fill(network: nn.Module, layers: list[Tensors], order: list[nn.Module]) -> None:
    """Give the network the model's weights; batch normalisation adds the folded bias, no more."""
    normal = {
        one: after
        for parts in network.modules()
        if isinstance(parts, nn.Sequential)
        for one, after in zip(list(parts), list(parts)[1:], strict=False)
        if isinstance(after, nn.BatchNorm2d)
    }
    for (weight, bias), layer in zip(layers, order, strict=True):
        layer.weight.copy_(weight)
        if layer in normal:
            after = normal[layer]
            after.running_mean.zero_()
            after.running_var.fill_(1 - after.eps)
            after.weight.fill_(1.0)
            after.bias.copy_(bias)
        else:
            layer.bias.copy_(bias)


@torch.no_grad()
def normalise(network: nn.Module, look: Callable[[], Any]) -> None:
    """Have every batch normalisation know its channels, and the network answer as before."""
    sums: dict[nn.Module, Tensors] = {}

    def add(layer: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        x = inputs[0].float()
        mean, square = sums.setdefault(layer, [torch.zeros(x.shape[1]), torch.zeros(x.shape[1])])
        mean += x.mean((0, 2, 3)) / BATCHES
        square += x.square().mean((0, 2, 3)) / BATCHES

    hooks = [
        module.register_forward_pre_hook(add)
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    for _ in trange(BATCHES, desc="batch normalisation"):
        look()
    for hook in hooks:
        hook.remove()
    for layer, (mean, square) in sums.items():
        variance = (square - mean.square()).clamp_min(1e-6)
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
        layer.bias.add_(mean)
        layer.weight.copy_(torch.sqrt(variance + layer.eps))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="The shipped networks as weights to train on.")
    parser.add_argument("network", choices=("skeleton", "joints"))
    parser.add_argument("out", type=Path, metavar="OUT.pt")
    parser.add_argument("examples", nargs="+", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if arguments.network == "skeleton":
        network, of, pixels, file = SkeletonNetwork(), train, "pixels", train.NETWORK
        inputs = torch.zeros(1, 4, HEIGHT_PX, WIDTH_PX), torch.zeros(1, TOLD)
    else:
        network, of, pixels, file = joints.JointNetwork(), joints, "close_pixels", joints.NETWORK
        size = joints.PATCH_PX
        inputs = torch.zeros(joints.JOINTS, 2 * 4, size, size), joints.kinds(1)
    network.eval()
    fill(network, layers_of(onnx.load(file)), in_order(network, lambda: network(*inputs)))
    examples, augment = train.load(arguments.examples, pixels), train.Augment(1)

    def look() -> None:
        some = torch.randint(len(examples["pixels"]), (train.BATCH,))
        of.loss(network, train.of(examples, some), augment, 1.0)

    normalise(network, look)
    torch.save(network.state_dict(), arguments.out)


if __name__ == "__main__":
    main()
