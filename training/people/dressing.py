"""Dress a posed body: skin, clothes, shoes, hair, and what is worn or carried over them."""

from __future__ import annotations

import numpy as np

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
    Outfit,
    Tailor,
    fitted_top,
    fitted_trousers,
    footwear,
    hair,
    skirt,
)


def dress(body: Body, outfit: Outfit, posed: Posed) -> list[Mesh]:
    """Everything of one person that a camera can see, posed: skin first."""
    t = Tailor(body, vertex_normals(body.vertices, body.faces))
    m = t.measure(body.vertices, np.arange(len(body.vertices)))
    out: list[Mesh] = []
    covered = np.full(len(body.vertices), -1.0)
    profiles: list[Profile | None] = []  # of the tops, the innermost first
    for top in outfit.tops:
        inner = profiles[-1] if profiles else None
        loose = isinstance(top, LooseTop)
        profiles.append(top_profile(t, m, top, posed, inner) if loose else inner)
    for top, profile in zip(reversed(outfit.tops), reversed(profiles), strict=True):
        if isinstance(top, LooseTop):  # the outermost first
            meshes, keep = loose_top(t, m, top, posed, profile, covered)
            out += meshes
        else:
            mesh, keep = fitted_top(t, m, top, posed, covered)
            out.append(mesh)
        covered = np.maximum(covered, keep)
    if outfit.bottom.kind == "skirt":
        out.append(skirt(t, m, outfit.bottom, posed))
    else:
        if isinstance(outfit.bottom, LooseBottom):
            mesh, keep = loose_trousers(t, m, outfit.bottom, posed, covered)
        else:
            mesh, keep = fitted_trousers(t, m, outfit.bottom, posed, covered)
        out.append(mesh)
        covered = np.maximum(covered, keep)
    if outfit.over is not None:
        out.append(skirt(t, m, outfit.over, posed))
    if outfit.footwear is not None:
        worn, keep = footwear(t, m, outfit.footwear, posed)
        out += worn
        covered = np.maximum(covered, keep)
    if outfit.hair is not None:
        out += hair(t, m, outfit.hair, posed)
    shown = (covered[body.faces] < COVERED_M).any(1) & ~body.inner_faces
    skin_mesh = make_mesh(
        posed.move(body.vertices, body.weights),
        body.faces[shown],
        outfit.skin,
        rest=body.vertices,
        uv=body.face_uv[shown],
        part=np.where(body.eye_faces[shown], EYE, SKIN),
    )
    return [skin_mesh, *out]
