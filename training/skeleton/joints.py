"""Train the joint network, which looks closely at each joint that the skeleton network found.

``python -m training.skeleton.joints``, in the renderer's environment; the same crops, augmented the
same, cut around where a joint may be taken to be.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from training.skeleton.network import Residual, convolution
from training.skeleton.train import (
    BATCH,
    CONTRAST,
    GREY,
    ROOT,
    Augment,
    Examples,
    command_line,
    of,
    started,
    surprise,
    to_onnx,
    train,
    write,
)

NETWORK = ROOT / "container" / "bodyscan" / "joints.onnx"
JOINTS = 12  # the first of `bodyscan.skeleton.POINTS`, left and right in turn
KINDS = JOINTS // 2
PATCH_PX, FINE_PERSON_PX = 64, 345  # a patch shows a fifth of the person
FINE_HEIGHT_PX, FINE_WIDTH_PX = 416, 368
WIDE = 2.5  # a second patch shows so many times as much, to say what the first is part of
# Percent of the height by which the skeleton network takes a joint to be elsewhere, one kind after
# the other: its SD on people it has not seen, half of them in loose clothes.
START_SD = (0.8, 1.2, 1.4, 1.4, 1.1, 0.8)


class JointNetwork(nn.Module):
    """Patches (n, 8, 64, 64) and kinds (n, 6), one-hot, to where the joint lies, in percent."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Sequential(
            convolution(2 * 4, 24, 2), convolution(24, 48, 2),
            convolution(48, 96, 2), Residual(96), convolution(96, 128, 2), Residual(128),
        )  # fmt: skip
        self.joint = nn.Sequential(
            nn.Linear(128 * (PATCH_PX // 16) ** 2 + KINDS, 96), nn.ReLU(), nn.Dropout(0.1)
        )
        self.where = nn.Linear(96, 4 * KINDS)

    def forward(self, patch, kind):
        """Offset right and down from the patch's middle, and the logarithms of their variances."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.training):
            maps = self.maps(patch).flatten(1)
        rows = self.where(self.joint(torch.cat([maps.float(), kind], 1)))
        return (rows.view(-1, KINDS, 4) * kind[:, :, None]).sum(1)


def kinds(count: int) -> torch.Tensor:
    """One-hot kinds of the joints of so many people, (12 n, 6)."""
    return torch.eye(KINDS).repeat_interleave(2, 0).repeat(count, 1)


class Cut:
    """Patches of 12 joints a person: turned, zoomed, mirrored so that every joint is a left one.

    Places are (n, 12, 2) in percent of the height from the person's middle.
    """

    def __init__(self, starts: torch.Tensor, angle: torch.Tensor, zoom: torch.Tensor):
        mirror = torch.tensor([1.0, -1.0]).repeat(KINDS)
        cosine, sine = (f(angle)[:, None] / zoom[:, None] for f in (torch.cos, torch.sin))
        # Columns of the map from a patch's axes to the crop's.
        self.starts, self.right, self.down = (
            starts,
            (mirror * cosine, mirror * sine),
            (-sine, cosine),
        )

    def patches(self, pixels: torch.Tensor) -> torch.Tensor:
        """Cut them out of close crops, (n, 4, h, w), as the network sees colours.

        Shape (n, 4, 2 * 12 * 64, 64): the close patches under each other, then the wide ones.
        """
        image = pixels.float()
        image[:, :3] -= GREY
        image /= CONTRAST
        half = functional.avg_pool2d(image, 2)  # wide patches skip pixels otherwise
        return torch.cat([self._sample(image, 1.0), self._sample(half, WIDE)], 2)

    def _sample(self, image: torch.Tensor, step_px: float) -> torch.Tensor:
        count = len(image)
        step = step_px * (torch.arange(PATCH_PX) + 0.5 - PATCH_PX / 2)
        v, u = torch.meshgrid(step, step, indexing="ij")
        x, y = (
            self.starts[..., k, None, None] * FINE_PERSON_PX / 100
            + self.right[k].expand(count, JOINTS)[..., None, None] * u
            + self.down[k].expand(count, JOINTS)[..., None, None] * v
            for k in (0, 1)
        )
        grid = torch.stack([x * 2 / FINE_WIDTH_PX, y * 2 / FINE_HEIGHT_PX], -1)
        grid = grid.reshape(count, JOINTS * PATCH_PX, PATCH_PX, 2)
        return functional.grid_sample(image, grid, align_corners=False)

    def places(self, offsets: torch.Tensor) -> torch.Tensor:
        """Where offsets in patches, (n, 12, 2), lie in the crop."""
        u, v = offsets.unbind(-1)
        moved = [self.right[k] * u + self.down[k] * v for k in (0, 1)]
        return self.starts + torch.stack(moved, -1)


def _off(network: JointNetwork, cut: Cut, image: torch.Tensor, batch: Examples):
    count = len(image)
    patches = image.view(count, 4, 2, JOINTS, PATCH_PX, PATCH_PX).permute(0, 3, 2, 1, 4, 5)
    patches = patches.reshape(count * JOINTS, 2 * 4, PATCH_PX, PATCH_PX)
    patches = patches.contiguous(memory_format=torch.channels_last)
    rows = network(patches, kinds(count)).view(count, JOINTS, 4)
    return cut.places(rows[..., :2]) - batch["points"][:, :JOINTS], rows[..., 2:]


def _starts(batch: Examples, rng: torch.Generator) -> torch.Tensor:
    points = batch["points"][:, :JOINTS]
    sd = torch.tensor(START_SD).repeat_interleave(2)[:, None]
    return points + sd * torch.randn(points.shape, generator=rng).clamp(-2.5, 2.5)


@torch.no_grad()
def check(network: JointNetwork, unseen: Examples) -> str:
    """Say how wrong the network is on people that it does not learn from."""
    network.eval()
    rng = torch.Generator().manual_seed(7)
    off = []
    for index in torch.arange(len(unseen["pixels"])).split(BATCH):
        batch = of(unseen, index)
        cut = Cut(_starts(batch, rng), torch.zeros(len(index)), torch.ones(len(index)))
        off.append(_off(network, cut, cut.patches(batch["pixels"]), batch)[0])
    y = torch.cat(off)[..., 1].reshape(-1, KINDS, 2).mean(2).std(0).tolist()
    names = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    return "SD, % of height: " + " ".join(f"{n} {sd:.2f}" for n, sd in zip(names, y, strict=True))


def loss(network: JointNetwork, batch: Examples, augment: Augment, progress: float) -> torch.Tensor:
    """What training makes small."""
    count = len(batch["pixels"])
    angle = torch.deg2rad(4 * augment.normal(count).clamp(-2, 2))
    zoom = torch.exp(0.06 * augment.normal(count).clamp(-2, 2))
    cut = Cut(_starts(batch, augment.rng), angle, zoom)
    off, log_variance = _off(network, cut, augment.paint(cut.patches(batch["pixels"])), batch)
    return surprise(off, log_variance)


def main() -> None:
    """Command line."""
    plan = command_line("Train the joint network.", 36, NETWORK)
    network = train(started(JointNetwork(), plan), loss, check, "close_pixels", plan)
    inputs = {"patch": torch.zeros(JOINTS, 2 * 4, PATCH_PX, PATCH_PX), "kind": kinds(1)}
    write(network, to_onnx(network, inputs, "joint"), plan.out)


if __name__ == "__main__":
    main()
