"""Dress a posed body: skin, clothes, shoes, hair, and what is worn or carried over them."""

from __future__ import annotations

import numpy as np

from training.people.accessories import accessories_on
from training.people.body import Body, Posed
from training.people.hanging import (
    LooseBottom,
    LooseTop,
    Profile,
    loose_top,
    loose_trousers,
    top_profile,
)
from training.people.looks import EYE, SKIN
from training.people.meshes import Mesh, make_mesh, vertex_normals
from training.people.wardrobe import (
    COVERED_M,
    Measured,
    Outfit,
    Tailor,
    fitted_top,
    fitted_trousers,
    footwear,
    hair,
    skirt,
)


def _bottom(t: Tailor, m: Measured, outfit: Outfit, posed: Posed) -> tuple[Mesh, np.ndarray]:
    """What is worn on the legs, and how far inside its edge each vertex of the body lies."""
    bare = np.full(len(t.body.vertices), -1.0)
    if outfit.bottom.kind == "skirt":
        return skirt(t, m, outfit.bottom, posed), bare
    if isinstance(outfit.bottom, LooseBottom):
        return loose_trousers(t, m, outfit.bottom, posed)
    return fitted_trousers(t, m, outfit.bottom, posed, bare)


def skin_of(body: Body, outfit: Outfit, posed: Posed, shown: np.ndarray) -> Mesh:
    """The skin, posed: those of its faces that are shown."""
    return make_mesh(
        posed.move(body.vertices, body.weights),
        body.faces[shown],
        outfit.skin,
        rest=body.vertices,
        uv=body.face_uv[shown],
        part=np.where(body.eye_faces[shown], EYE, SKIN),
    )


def dress(body: Body, outfit: Outfit, posed: Posed) -> list[Mesh]:
    """Everything of one person that a camera can see, posed: skin first."""
    t = Tailor(body, vertex_normals(body.vertices, body.faces))
    m = t.measure(body.vertices, np.arange(len(body.vertices)))
    out: list[Mesh] = []
    covered = np.full(len(body.vertices), -1.0)
    bottom, bottom_keep = _bottom(t, m, outfit, posed)
    under = bottom.vertices[bottom.keep > 0]
    profiles: list[Profile | None] = []  # of the tops, the innermost first
    for top in outfit.tops:
        inner = profiles[-1] if profiles else None
        loose = isinstance(top, LooseTop)
        profiles.append(top_profile(t, m, top, posed, inner, under) if loose else inner)
    for top, profile in zip(reversed(outfit.tops), reversed(profiles), strict=True):
        if isinstance(top, LooseTop):  # the outermost first
            meshes, keep = loose_top(t, m, top, posed, profile, covered)
            out += meshes
        else:
            mesh, keep = fitted_top(t, m, top, posed, covered)
            out.append(mesh)
        covered = np.maximum(covered, keep)
    if not isinstance(outfit.bottom, LooseBottom) and outfit.bottom.kind != "skirt":
        bottom, bottom_keep = fitted_trousers(t, m, outfit.bottom, posed, covered)
    out.append(bottom)
    covered = np.maximum(covered, bottom_keep)
    if outfit.over is not None:
        out.append(skirt(t, m, outfit.over, posed))
    if outfit.footwear is not None:
        worn, keep = footwear(t, m, outfit.footwear, posed)
        out += worn
        covered = np.maximum(covered, keep)
    if outfit.hair is not None:
        out += hair(t, m, outfit.hair, posed)
    if outfit.accessories is not None:
        out += accessories_on(t, m, outfit.accessories, outfit.hair, posed, profiles[-1])
    shown = (covered[body.faces] < COVERED_M).any(1) & ~body.inner_faces
    return [skin_of(body, outfit, posed, shown), *out]
