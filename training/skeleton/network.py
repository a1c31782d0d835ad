"""The skeleton network: a crop of a person to joints, their depth, and how the camera sees them.

An hourglass with short cuts. Joints are the means of heat maps (so that they have no grid), depth
is a map averaged under the same heat; camera, doubts and the network's own lengths come from the
whole.
`bodyscan.skeleton` says what each number means.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

POINTS = 15
HEIGHT_PX, WIDTH_PX, PERSON_PX = 256, 224, 230
STRIDE = 4
TOLD = 6  # focal length known, its logarithm, the person's place, the picture's size
CHANNELS, BLOCKS = (16, 32, 64, 96, 128), (0, 1, 3, 3)
BODY = 160


def convolution(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    """3 x 3, normalised, rectified."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


class Residual(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        return torch.relu(x + self.second(self.first(x)))


class SkeletonNetwork(nn.Module):
    """Crops (n, 4, 256, 224) and what is told (n, 6) to the body, in percent and degrees."""

    def __init__(self):
        super().__init__()
        quarter, eighth, sixteenth, last = CHANNELS[1:]
        self.stem = convolution(4, CHANNELS[0], 2)
        self.stages = nn.ModuleList(
            nn.Sequential(convolution(a, b, 2), *(Residual(b) for _ in range(count)))
            for a, b, count in zip(CHANNELS[:-1], CHANNELS[1:], BLOCKS, strict=True)
        )
        up = (32, 64, 96)
        self.beside = nn.ModuleList(
            nn.Conv2d(a, b, 1) for a, b in zip((quarter, eighth, sixteenth), up, strict=True)
        )
        self.up4, self.merge3 = nn.Conv2d(last, up[2], 1), convolution(up[2], up[2])
        self.up3, self.merge2 = nn.Conv2d(up[2], up[1], 1), convolution(up[1], up[1])
        self.up2, self.merge1 = nn.Conv2d(up[1], up[0], 1), convolution(up[0], 32)
        self.heat, self.depth = nn.Conv2d(up[0], POINTS, 1), nn.Conv2d(up[1], POINTS, 1)
        self.squeeze = nn.Sequential(nn.Conv2d(last, 32, 1), nn.ReLU())
        size = 32 * (HEIGHT_PX // 32) * (WIDTH_PX // 32)
        self.body = nn.Sequential(nn.Linear(size + TOLD, BODY), nn.ReLU(), nn.Dropout(0.2))
        self.camera, self.doubt = nn.Linear(BODY, 6), nn.Linear(BODY, 3 * POINTS)
        self.lengths = nn.Sequential(
            nn.Linear(BODY + 3 * POINTS + 3 + TOLD, 96), nn.ReLU(), nn.Linear(96, 10)
        )
        y, x = torch.meshgrid(
            (torch.arange(HEIGHT_PX // STRIDE) + 0.5) * STRIDE - HEIGHT_PX / 2,
            (torch.arange(WIDTH_PX // STRIDE) + 0.5) * STRIDE - WIDTH_PX / 2,
            indexing="ij",
        )
        grid = torch.stack([x.flatten(), y.flatten()], 1) * 100 / PERSON_PX
        self.register_buffer("grid", grid)

    def _maps(self, image):
        x, levels = self.stem(image), []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        quarter, eighth, sixteenth, last = levels

        def twice(x):
            return functional.interpolate(x, scale_factor=2, mode="nearest")

        x3 = self.merge3(self.beside[2](sixteenth) + twice(self.up4(last)))
        x2 = self.merge2(self.beside[1](eighth) + twice(self.up3(x3)))
        x1 = self.merge1(self.beside[0](quarter) + twice(self.up2(x2)))
        return self.heat(x1), self.depth(x2), self.squeeze(last).flatten(1)

    def forward(self, image, told):
        """Points (n, 15, 2), depth (n, 15), camera (n, 6), doubt (n, 45), lengths (n, 10), heat."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.training):
            heat, depth, squeezed = self._maps(image)
        heat, depth, squeezed = heat.float(), depth.float(), squeezed.float()
        share = heat.flatten(2).softmax(2)
        points = share @ self.grid
        fine = share.view(-1, POINTS, HEIGHT_PX // STRIDE, WIDTH_PX // STRIDE)
        coarse = 4 * functional.avg_pool2d(fine, 2)
        depth = (coarse.flatten(2) * depth.flatten(2)).sum(2)
        body = self.body(torch.cat([squeezed, told], 1))
        camera = self.camera(body)
        geometry = [points.flatten(1) / 30, depth / 5, camera[:, :3] / 5]
        lengths = self.lengths(torch.cat([body, *geometry, told], 1))
        return points, depth, camera, self.doubt(body), lengths, heat
