"""Train the skeleton network: ``python -m training.skeleton.train``, in the renderer's environment.

Reads what ``training.skeleton.crops`` wrote, trains on the processor alone, and writes
``container/bodyscan/skeleton.onnx`` with its weights in half precision.
"""

from __future__ import annotations

import argparse
import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from training.skeleton.network import (
    HEIGHT_PX,
    PERSON_PX,
    POINTS,
    TOLD,
    WIDTH_PX,
    SkeletonNetwork,
)

ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "container" / "bodyscan" / "skeleton.onnx"

# As in container/bodyscan/skeleton.py, which runs the network; a test holds the two together.
MIRRORED = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 12, 14, 13]
TYPICAL_LENGTHS = (0.162, 0.152, 0.239, 0.242, 0.276)
TYPICAL_LOG_FOCAL = 0.8
GREY, CONTRAST = 127.0, 64.0

BATCH = 32
HEAT_SD = 1.4  # percent of the height, of the heat that a joint should have
HEAT_WEIGHTS = (0.05, 0.01)  # at first, so that heat finds its joint; from 60 % on

Examples = dict[str, torch.Tensor]
Weights = dict[str, torch.Tensor]


def load(paths: list[Path], pixels: str = "pixels") -> Examples:
    """Read crops and truths, in the network's units: percent, degrees, 10 log focal."""
    parts = [np.load(path) for path in paths]

    def of(name: str) -> torch.Tensor:
        return torch.from_numpy(np.concatenate([part[name] for part in parts]))

    camera = [of("elevation_deg"), of("roll_deg"), 10 * of("log_focal")]
    return {
        "pixels": of(pixels).permute(0, 3, 1, 2).contiguous(),
        "points": of("points").float() / PERSON_PX * 100,
        "depth": of("depth").float() * 100,
        "camera": torch.stack(camera, 1).float(),
        "place": of("place").float(),
        "focal_known": of("focal_known").float(),
        "lengths": (100 * (of("lengths") - torch.tensor(TYPICAL_LENGTHS))).float(),
    }


def known_numbers(batch: Examples) -> torch.Tensor:
    """What the network is told beside the crop, (n, 6)."""
    known = batch["focal_known"][:, None]
    return torch.cat(
        [known, known * (batch["camera"][:, 2:] / 10 - TYPICAL_LOG_FOCAL), batch["place"]], 1
    )


# --- making the most of a photo -----------------------------------------------------------------


class Augment:
    """The same people, seen a little differently each time."""

    def __init__(self, seed: int):
        self.rng = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.rng)

    def _some(self, share: float, count: int) -> torch.Tensor:
        """Numbers of about this share of the photos."""
        return torch.nonzero(torch.rand(count, generator=self.rng) < share).flatten()

    def __call__(self, batch: Examples) -> Examples:
        batch = self._mirror(self._move(batch))
        count = len(batch["image"])
        known = batch["focal_known"] * (torch.rand(count, generator=self.rng) < 0.8)
        place = batch["place"] + 0.01 * self.normal(*batch["place"].shape)
        return batch | {"focal_known": known, "place": place, "image": self.paint(batch["image"])}

    def _move(self, batch: Examples) -> Examples:
        """Turn, zoom and shift the crop; cuts its margin."""
        pixels = batch["pixels"]
        count, _, rows, columns = pixels.shape
        angle = torch.deg2rad(3 * self.normal(count).clamp(-2, 2))
        zoom = torch.exp(0.035 * self.normal(count).clamp(-2, 2))
        shift = torch.stack([6 * self.normal(count), 5 * self.normal(count)], 1).clamp(-14, 14)
        y, x = torch.meshgrid(
            torch.arange(HEIGHT_PX) + 0.5 - HEIGHT_PX / 2,
            torch.arange(WIDTH_PX) + 0.5 - WIDTH_PX / 2,
            indexing="ij",
        )
        x, y = (axis[None] - shift[:, k, None, None] for k, axis in enumerate((x, y)))
        cosine, sine = (
            f(angle)[:, None, None] / zoom[:, None, None] for f in (torch.cos, torch.sin)
        )
        grid = torch.stack(
            [(cosine * x + sine * y) * 2 / columns, (cosine * y - sine * x) * 2 / rows], -1
        )
        image = pixels.float()
        image[:, :3] -= GREY
        image = functional.grid_sample(image, grid, align_corners=False)  # outside: grey, nobody
        cosine, sine = torch.cos(angle)[:, None], torch.sin(angle)[:, None]
        x, y = batch["points"].unbind(-1)
        points = torch.stack([cosine * x - sine * y, sine * x + cosine * y], -1)
        points = zoom[:, None, None] * points + shift[:, None] * 100 / PERSON_PX
        camera = batch["camera"].clone()
        camera[:, 1] -= torch.rad2deg(angle)
        return batch | {"image": image / CONTRAST, "points": points, "camera": camera}

    def _mirror(self, batch: Examples) -> Examples:
        flip = torch.rand(len(batch["image"]), generator=self.rng) < 0.5
        sign = torch.where(flip, -1.0, 1.0)
        camera, place = batch["camera"].clone(), batch["place"].clone()
        camera[:, 1] *= sign
        place[:, 0] *= sign
        image = batch["image"]
        image[flip] = image[flip].flip(3)
        points = batch["points"][:, MIRRORED] * torch.tensor([-1.0, 1.0])
        return batch | {
            "image": image,
            "points": torch.where(flip[:, None, None], points, batch["points"]),
            "depth": torch.where(flip[:, None], batch["depth"][:, MIRRORED], batch["depth"]),
            "camera": camera,
            "place": place,
        }

    def paint(self, image: torch.Tensor) -> torch.Tensor:
        """Other places, light, colours, sensors; outlines that are a little wrong or missing."""
        count = len(image)
        colour, outline = image[:, :3], image[:, 3:]
        self._paste(colour, outline, self._some(0.22, count))
        light = torch.exp(0.25 * self.normal(count, 1, 1, 1) + 0.08 * self.normal(count, 3, 1, 1))
        shade = 0.25 * self.normal(count, 1, 1, 1) + 0.1 * self.normal(count, 3, 1, 1)
        colour.mul_(light).add_(shade)
        some = self._some(0.15, count)
        colour[some] = colour[some][:, torch.randperm(3, generator=self.rng)]
        some = self._some(0.12, count)
        colour[some] = colour[some].mean(1, keepdim=True).expand(-1, 3, -1, -1)
        some = self._some(0.25, count)
        colour[some] = functional.avg_pool2d(colour[some], 3, 1, 1)
        some = self._some(0.5, count)
        noise = 0.15 * torch.rand(len(some), 1, 1, 1, generator=self.rng)
        colour[some] += noise * self.normal(len(some), *colour.shape[1:])
        some = self._some(0.1, count)
        outline[some] = functional.avg_pool2d(outline[some], 7, 1, 3)
        outline[self._some(0.05, count)] = 0.0
        for i in self._some(0.25, count).tolist():
            rows, columns, y, x = torch.rand(4, generator=self.rng).tolist()
            rows, columns = int(8 + 32 * rows), int(8 + 32 * columns)
            y, x = int(y * (image.shape[2] - rows)), int(x * (image.shape[3] - columns))
            colour[i, :, y : y + rows, x : x + columns] = self.normal(3, 1, 1)
        return image

    def _paste(self, colour: torch.Tensor, outline: torch.Tensor, some: torch.Tensor) -> None:
        """Put some of the people before something else: a plain wall, blotches, another photo."""
        count = len(some)
        plain = self.normal(count, 3, 1, 1)
        blotches = functional.interpolate(
            self.normal(count, 3, 10, 8), size=colour.shape[2:], mode="bilinear"
        )
        other = torch.randperm(len(colour), generator=self.rng)[:count]
        kind = torch.rand(count, generator=self.rng)[:, None, None, None]
        behind = torch.where(kind < 0.3, plain, colour[other].flip(3))
        behind = torch.where(kind > 0.7, blotches + 0.3 * plain, behind)
        person = functional.avg_pool2d(outline[some] * CONTRAST / 255, 5, 1, 2)
        person = (1.6 * person - 0.2).clamp(0, 1)
        colour[some] = colour[some] * person + behind * (1 - person)


def plainly(batch: Examples) -> Examples:
    """The crop as the measure function sees it."""
    rows, columns = batch["pixels"].shape[2:]
    top, left = (rows - HEIGHT_PX) // 2, (columns - WIDTH_PX) // 2
    image = batch["pixels"][:, :, top : top + HEIGHT_PX, left : left + WIDTH_PX].float()
    image[:, :3] -= GREY
    return batch | {"image": image / CONTRAST}


# --- learning -----------------------------------------------------------------------------------


def run(network: SkeletonNetwork, batch: Examples):
    """The network's answer."""
    return network(
        batch["image"].contiguous(memory_format=torch.channels_last), known_numbers(batch)
    )


def surprise(error: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood of an error whose variance the network tells."""
    log_variance = log_variance.clamp(-6, 6)
    return 0.5 * (error.square() * torch.exp(-log_variance) + log_variance).mean()


def loss(
    network: SkeletonNetwork, batch: Examples, augment: Augment, progress: float
) -> torch.Tensor:
    """What training makes small; ``progress`` is the share of the epochs that is over."""
    batch = augment(batch)
    points, depth, camera, doubt, lengths, heat = run(network, batch)
    doubt = doubt.view(-1, 3, POINTS)
    off = points - batch["points"]
    total = surprise(off[..., 0], doubt[:, 0]) + surprise(off[..., 1], doubt[:, 1])
    total = total + 0.5 * surprise(depth - batch["depth"], doubt[:, 2])
    total = total + 0.5 * surprise(camera[:, :3] - batch["camera"], camera[:, 3:])
    # The lengths only teach: measuring between joints in space is better than these.
    total = total + 0.5 * surprise(lengths[:, :5] - batch["lengths"], lengths[:, 5:])
    apart = (network.grid[None, None] - batch["points"][:, :, None]).square().sum(-1)
    wanted = torch.softmax(-apart / (2 * HEAT_SD**2), -1)
    heat_loss = -(wanted * heat.flatten(2).log_softmax(2)).sum(-1).mean()
    return total + HEAT_WEIGHTS[progress >= 0.6] * heat_loss


def of(examples: Examples, index: torch.Tensor) -> Examples:
    """Some of the examples."""
    return {name: values[index] for name, values in examples.items()}


@torch.no_grad()
def check(network: SkeletonNetwork, examples: Examples) -> str:
    """Say how wrong the network is on people that it does not learn from."""
    network.eval()
    off: dict[str, list[torch.Tensor]] = {"y": [], "depth": [], "camera": [], "lengths": []}
    for index in torch.arange(len(examples["pixels"])).split(BATCH):
        batch = plainly(of(examples, index))
        points, depth, camera, _, lengths, _ = run(network, batch)
        off["y"].append(points[..., 1] - batch["points"][..., 1])
        off["depth"].append(depth - batch["depth"])
        off["camera"].append(camera[:, :3] - batch["camera"])
        off["lengths"].append(lengths[:, :5] - batch["lengths"])
    y, depth, camera, lengths = (torch.cat(parts) for parts in off.values())
    pairs = (y[:, :12].reshape(-1, 6, 2).mean(2), y[:, 12:13], y[:, 13:].mean(1, keepdim=True))
    names = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "vertex", "floor")
    rows = torch.cat(pairs, 1).std(0).tolist()
    return (
        "SD, % of height: "
        + " ".join(f"{name} {sd:.2f}" for name, sd in zip(names, rows, strict=True))
        + f"; depth {depth.std():.2f}; elevation {camera[:, 0].std():.2f} deg"
        + f"; focal {camera[:, 2].std() / 10:.1%}; lengths, mean error {lengths.abs().mean():.3f} %"
    )


Loss = Callable[[Any, Examples, Augment, float], torch.Tensor]
Check = Callable[[Any, Examples], str]


def train(
    network: nn.Module, loss: Loss, check: Check, pixels: str, plan: argparse.Namespace
) -> nn.Module:
    """Train by the plan of the command line; return the running mean of the network's weights."""
    examples, unseen = load(plan.examples, pixels), load(plan.unseen, pixels)
    tqdm.write(f"{len(examples['pixels'])} photos; {len(unseen['pixels'])} unseen")
    order, augment = torch.Generator().manual_seed(plan.seed + 1), Augment(plan.seed + 2)
    network = network.to(memory_format=torch.channels_last)
    kept = copy.deepcopy(network)
    steps = len(examples["pixels"]) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.rate, total_steps=plan.epochs * steps + 1, pct_start=0.1
    )
    checkpoint = Checkpoint(
        plan.out.with_suffix(".checkpoint"),
        {"network": network, "kept": kept, "optimizer": optimizer, "schedule": schedule},
        {"order": order, "augment": augment.rng, "dropout": torch.default_generator},
    )
    for epoch in range(checkpoint.epochs_done(), plan.epochs):
        network.train()
        total = 0.0
        shuffled = torch.randperm(len(examples["pixels"]), generator=order)
        title = f"epoch {epoch + 1}/{plan.epochs}"
        for step, index in enumerate(tqdm(shuffled.split(BATCH)[:steps], title, leave=False)):
            value = loss(network, of(examples, index), augment, epoch / plan.epochs)
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            total += value.item()
            _follow(kept, network, epoch * steps + step + 1)
        tqdm.write(f"epoch {epoch + 1}: loss {total / steps:.3f}")
        checkpoint.write(epoch + 1)
        if epoch % 4 == 3 or epoch == plan.epochs - 1:
            tqdm.write(check(kept, unseen))
    return kept.eval().to(memory_format=torch.contiguous_format)


class Checkpoint:
    """What a run that was stopped goes on from: everything that learns, and the dice."""

    def __init__(self, path: Path, parts: dict[str, Any], dice: dict[str, torch.Generator]):
        self.path, self.parts, self.dice = path, parts, dice

    def epochs_done(self) -> int:
        """Go on where the last run stopped, if one did."""
        if not self.path.exists():
            return 0
        saved = torch.load(self.path, weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(saved[name])
        for name, die in self.dice.items():
            die.set_state(saved[name])
        tqdm.write(f"going on after epoch {saved['epochs']} ({self.path})")
        return int(saved["epochs"])

    def write(self, epochs: int) -> None:
        """Write the state after so many epochs; a stop while writing leaves the one before."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        dice = {name: die.get_state() for name, die in self.dice.items()}
        beside = self.path.with_suffix(".part")
        torch.save({**state, **dice, "epochs": epochs}, beside)
        beside.replace(self.path)


@torch.no_grad()
def _follow(kept: nn.Module, network: nn.Module, done: int) -> None:
    """Move the running mean towards the weights after so many steps."""
    fade = 1 - min(0.998, done / (done + 20))
    for mean, new in zip(kept.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(new, fade)


# --- shipping -----------------------------------------------------------------------------------


class Deployed(nn.Module):
    """The network with one row of numbers a crop."""

    def __init__(self, network: SkeletonNetwork):
        super().__init__()
        self.network = network

    def forward(self, image, told):
        points, depth, camera, doubt, lengths, _ = self.network(image, told)
        return torch.cat([points.flatten(1), depth, camera, doubt, lengths], 1)


def to_onnx(network: nn.Module, inputs: Examples, output: str) -> bytes:
    """ONNX with large weights in half precision, which OpenCV widens when it reads them."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network,
        tuple(inputs.values()),
        buffer,
        input_names=list(inputs),
        output_names=[output],
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    graph = model.graph
    for weights in list(graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.size > 256:
            half = numpy_helper.from_array(values.astype(np.float16), weights.name + "_half")
            graph.initializer.remove(weights)
            graph.initializer.append(half)
            widen = helper.make_node("Cast", [half.name], [weights.name], to=TensorProto.FLOAT)
            graph.node.insert(0, widen)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def command_line(description: str, epochs: int, out: Path) -> argparse.Namespace:
    """What either network is trained with."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("examples", nargs="+", type=Path)
    parser.add_argument("--unseen", nargs="+", type=Path, required=True, help="for the figures")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--start",
        type=Path,
        nargs="+",
        metavar="WEIGHTS.pt",
        help="go on from these or their mean",
    )
    parser.add_argument("--threads", type=int, default=1, help="more wait for each other")
    parser.add_argument("--out", type=Path, default=out)
    plan = parser.parse_args()
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    return plan


def started(network: nn.Module, plan: argparse.Namespace) -> nn.Module:
    """The network with the weights to go on from, if any."""
    if plan.start:
        network.load_state_dict(mean_of([torch.load(path) for path in plan.start]))
    return network


def mean_of(weights: list[Weights]) -> Weights:
    """The mean of the weights of networks that went on from the same ones."""
    return {
        name: torch.stack([each[name] for each in weights]).mean(0)
        if first.is_floating_point()
        else first
        for name, first in weights[0].items()
    }


def write(network: nn.Module, onnx_model: bytes, out: Path) -> None:
    """Write the model that ships, and the weights to go on from beside it."""
    out.write_bytes(onnx_model)
    torch.save(network.state_dict(), out.with_suffix(".pt"))


def main() -> None:
    """Command line."""
    plan = command_line("Train the skeleton network.", 26, NETWORK)
    network = train(started(SkeletonNetwork(), plan), loss, check, "pixels", plan)
    inputs = {"image": torch.zeros(2, 4, HEIGHT_PX, WIDTH_PX), "told": torch.zeros(2, TOLD)}
    write(network, to_onnx(Deployed(network), inputs, "body"), plan.out)


if __name__ == "__main__":
    main()
