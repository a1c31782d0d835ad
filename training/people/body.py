"""A body with the proportions asked for: Anny's mesh, stretched segment by segment, then posed.

Anny (Apache-2.0, MakeHuman's CC0 assets) gives the skin, its bones and weights for a sex, an age
and a build. Here its 104 bones are joined into 15 rigid parts. Each part gets an affine map in the
rest pose that brings its length to what was drawn, and a rigid one that poses it; the skin follows
both by linear blending. Frame: x to the person's left, y backwards, z up, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from training.people.proportions import Proportions

PARTS = (
    *("pelvis", "trunk", "neck", "head"),
    *("upper_arm.L", "forearm.L", "hand.L", "upper_arm.R", "forearm.R", "hand.R"),
    *("thigh.L", "calf.L", "foot.L", "thigh.R", "calf.R", "foot.R"),
)
PART_OF_BONE = {  # the longest prefix wins; the side is the bone's own
    "root": "pelvis",
    "pelvis": "pelvis",
    "spine05": "pelvis",
    "spine": "trunk",
    "clavicle": "trunk",
    "shoulder01": "trunk",
    "neck": "neck",
    "head": "head",
    "eye": "head",
    "upperarm": "upper_arm",
    "lowerarm": "forearm",
    "wrist": "hand",
    "metacarpal": "hand",
    "finger": "hand",
    "upperleg": "thigh",
    "lowerleg": "calf",
    "foot": "foot",
    "toe": "foot",
}
UNSIDED = ("pelvis", "trunk", "neck", "head")
PARENT = {
    "trunk": "pelvis",
    "neck": "trunk",
    "head": "neck",
    "upper_arm": "trunk",
    "forearm": "upper_arm",
    "hand": "forearm",
    "thigh": "pelvis",
    "calf": "thigh",
    "foot": "calf",
}

# Joint centres are the heads of these bones ...
JOINT_BONE = {
    "waist": "spine04",
    "neck": "neck01",
    "head": "head",
    "shoulder": "upperarm01",
    "elbow": "lowerarm01",
    "wrist": "wrist",
    "hip": "upperleg01",
    "knee": "lowerleg01",
    "ankle": "foot",
    "eye": "eye",
    "toe": "toe2-1",
}
# ... save three that sit beside the joint, seen on the default bodies. The hip's bone lies 9.3 cm
# above the crotch, where a femoral head is about 7 (ANSUR II: trochanterion less crotch height, and
# 1 cm); the knee's lies at the kneecap's top edge, where the epicondyles are behind its middle; the
# shoulder's 5.5 cm under the skin, where a humeral head's centre is about 4.5.
HIP_DROP = 0.05  # share of the thigh, along it
KNEE_DROP = 0.075  # share of the calf, along it
SHOULDER_RISE = 0.035  # share of the upper arm, upwards

SKIN_DENSITY_KG_M3 = 985.0  # whole-body density of an adult


@dataclass(frozen=True)
class Body:
    """A body in its rest pose.

    Attributes
    ----------
    vertices : (V, 3) metres
    joints : centre by name ("shoulder.L"), each (3,) metres
    weights : (V, 15), a vertex's share in each of ``PARTS``
    faces : (F, 3); face_uv : (F, 3, 2)
    """

    vertices: np.ndarray
    faces: np.ndarray
    face_uv: np.ndarray
    weights: np.ndarray
    joints: dict[str, np.ndarray]
    eye_faces: np.ndarray
    inner_faces: np.ndarray
    nose_vertex: int = 0
    ear_vertices: tuple[int, int] = (0, 0)
    scale: float = 1.0
    stature_cm: float = 0.0
    weight_kg: float = 0.0


def side_of(name: str) -> str:
    """Suffix that a part or joint name carries: ``".L"``, ``".R"`` or nothing."""
    return name[-2:] if name.endswith((".L", ".R")) else ""


@cache
def _anny():
    import torch
    import warp

    warp.config.log_level = warp.LOG_ERROR  # no word on graphics cards between progress bars
    import anny

    torch.set_num_threads(1)
    model = anny.Anny(phenotypes="all", local_changes="all").to(dtype=torch.float32)
    return model


def _part_index(bone: str) -> int:
    side = side_of(bone)
    prefix = max((p for p in PART_OF_BONE if bone.startswith(p)), key=len)
    part = PART_OF_BONE[prefix]
    return PARTS.index(part if part in UNSIDED else part + side)


@cache
def _topology() -> dict[str, np.ndarray]:
    from anny.face_segmentation import get_face_segmentation_mask

    model = _anny()
    bone_part = np.array([_part_index(b) for b in model.bone_labels])
    index = bone_part[model.vertex_bone_indices.numpy()]
    weights = np.zeros((len(index), len(PARTS)), np.float32)
    np.add.at(weights, (np.arange(len(index))[:, None], index), model.vertex_bone_weights.numpy())
    uv = model.texture_coordinates.numpy()[model.face_texture_coordinate_indices.numpy()]
    return {
        "faces": model.faces.numpy().astype(np.int64),
        "face_uv": uv.astype(np.float32),
        "weights": weights / weights.sum(1, keepdims=True),
        "eye": get_face_segmentation_mask(model, ["eye_front.L", "eye_front.R"]).numpy(),
        "inner": get_face_segmentation_mask(
            model, ["mouth_cavity", "tongue", "eye_back.L", "eye_back.R"]
        ).numpy(),
    }


def rest_body(phenotype: dict[str, float], local: dict[str, float]) -> Body:
    """Anny's body for these shape parameters, floor at z = 0."""
    import torch

    model, topology = _anny(), _topology()
    with torch.no_grad():
        out = model(
            pose_parameters=torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1),
            phenotype_kwargs=phenotype,
            local_changes_kwargs=local,
        )
    vertices = out["rest_vertices"][0].numpy().astype(np.float64)
    heads = dict(zip(model.bone_labels, out["rest_bone_heads"][0].numpy(), strict=True))
    floor = np.array([0, 0, vertices[:, 2].min()])
    joints = {}
    for name, bone in JOINT_BONE.items():
        for side in ("",) if bone in heads else (".L", ".R"):
            joints[name + side] = heads[bone + side].astype(np.float64) - floor
    for side in (".L", ".R"):
        hip, knee, ankle = (joints[n + side] for n in ("hip", "knee", "ankle"))
        joints["hip" + side] = hip + HIP_DROP * (knee - hip)
        joints["knee" + side] = knee + KNEE_DROP * (ankle - knee)
        reach_m = np.linalg.norm(joints["elbow" + side] - joints["shoulder" + side])
        joints["shoulder" + side] = joints["shoulder" + side] + [0, 0, SHOULDER_RISE * reach_m]
    vertices -= floor
    head = np.flatnonzero(topology["weights"][:, PARTS.index("head")] > 0.9)
    below_eyes = head[(vertices[head, 2] < joints["eye.L"][2]) & (abs(vertices[head, 0]) < 0.005)]
    eye_level = head[abs(vertices[head, 2] - joints["eye.L"][2]) < 0.02]
    return Body(
        vertices=vertices,
        faces=topology["faces"],
        face_uv=topology["face_uv"],
        weights=topology["weights"],
        joints=joints,
        eye_faces=topology["eye"],
        inner_faces=topology["inner"],
        nose_vertex=int(below_eyes[np.argmin(vertices[below_eyes, 1])]),
        ear_vertices=(
            int(eye_level[np.argmax(vertices[eye_level, 0])]),
            int(eye_level[np.argmin(vertices[eye_level, 0])]),
        ),
    )


# --- stretching ---------------------------------------------------------------------------------


def _stretch(origin: np.ndarray, target: np.ndarray, axis: np.ndarray, along: float, scale: float):
    """Affine map (3, 4): scale by ``scale``, by ``along`` on the axis, ``origin`` to ``target``."""
    linear = scale * np.eye(3) + (along - scale) * np.outer(axis, axis)
    return np.hstack([linear, (target - linear @ origin)[:, None]])


def _apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :3].T + matrix[:, 3]


def skin(points: np.ndarray, weights: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Linear blend skinning: ``points`` (V, 3), ``weights`` (V, P), ``maps`` (P, 3, 4)."""
    blended = np.einsum("vp,pij->vij", weights, maps)
    return np.einsum("vij,vj->vi", blended[:, :, :3], points) + blended[:, :, 3]


def _mid(joints: dict[str, np.ndarray], name: str) -> np.ndarray:
    return (joints[name + ".L"] + joints[name + ".R"]) / 2


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def reshape_to(base: Body, lengths_cm: dict[str, float], scale: float, head: float) -> Body:
    """Stretch every segment to ``lengths_cm`` ("thigh.L" ...), everything else by ``scale``.

    ``head`` scales neck and head again: they take up what the stack of segments leaves.
    """
    joints, maps = base.joints, {}
    hip, shoulder = _mid(joints, "hip"), _mid(joints, "shoulder")
    torso_m = np.linalg.norm(shoulder - hip)
    z = np.array([0.0, 0.0, 1.0])
    torso = _stretch(hip, scale * hip, z, lengths_cm["torso"] / 100 / torso_m, scale)
    # The line from mid-hip to mid-shoulder leans a little; three steps make its length exact.
    for _ in range(3):
        got_m = np.linalg.norm(_apply(torso, shoulder) - _apply(torso, hip))
        along = torso[2, 2] * lengths_cm["torso"] / 100 / got_m
        torso = _stretch(hip, scale * hip, z, along, scale)
    maps["pelvis"] = maps["trunk"] = torso
    neck, skull = joints["neck"], joints["head"]
    new_neck = _apply(torso, neck)
    maps["neck"] = _stretch(neck, new_neck, z, scale * head**2, scale)
    maps["head"] = _stretch(skull, _apply(maps["neck"], skull), z, scale * head, scale * head**0.5)
    for side in (".L", ".R"):
        for chain in (
            ("trunk", "shoulder", "upper_arm", "elbow", "forearm", "wrist", "hand"),
            ("pelvis", "hip", "thigh", "knee", "calf", "ankle", "foot"),
        ):
            parent, first, upper, middle, lower, last, end = chain
            p0, p1, p2 = (joints[n + side] for n in (first, middle, last))
            q0 = _apply(maps[parent], p0)
            for part, here, there in ((upper, p0, p1), (lower, p1, p2)):
                along = lengths_cm[part + side] / 100 / np.linalg.norm(there - here)
                maps[part + side] = _stretch(here, q0, _unit(there - here), along, scale)
                q0 = _apply(maps[part + side], there)
            maps[end + side] = _stretch(p2, q0, z, scale, scale)
    stacked = np.array([maps[p] for p in PARTS])
    moved = {
        "waist": ("trunk",), "neck": ("neck",), "head": ("head",), "shoulder": ("upper_arm",),
        "elbow": ("forearm",), "wrist": ("hand",), "hip": ("thigh",), "knee": ("calf",),
        "ankle": ("foot",), "eye": ("head",), "toe": ("foot",),
    }  # fmt: skip
    new_joints = {}
    for name, point in joints.items():
        stem, side = name.removesuffix(side_of(name)), side_of(name)
        (part,) = moved[stem]
        new_joints[name] = _apply(maps[part if part in UNSIDED else part + side], point)
    vertices = skin(base.vertices, base.weights, stacked)
    return replace(base, vertices=vertices, joints=new_joints, scale=scale)


# --- posing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ArmPose:
    """Angles of one arm, degrees.

    ``out`` and ``forward`` raise the upper arm from hanging; ``elbow`` bends; ``inward`` turns the
    plane of that bend from straight ahead towards the body's midline; ``palm`` turns the hand.
    """

    out_deg: float = 8.0
    forward_deg: float = 0.0
    elbow_deg: float = 10.0
    inward_deg: float = 20.0
    palm_deg: float = 0.0


@dataclass(frozen=True)
class LegPose:
    """Angles of one leg, degrees. ``turn`` points the foot (and the knee) outwards."""

    out_deg: float = 3.0
    forward_deg: float = 0.0
    knee_deg: float = 2.0
    turn_deg: float = 8.0
    foot_pitch_deg: float = 0.0


@dataclass(frozen=True)
class Pose:
    """A whole pose, degrees; ``yaw`` turns the person to their left as seen from above.

    ``hip_drop`` tilts the pelvis alone, left side down, under an upright trunk on upright legs.
    ``above_floor_m`` is how high a jump takes the feet.
    """

    yaw_deg: float = 0.0
    hip_drop_deg: float = 0.0
    lean_forward_deg: float = 0.0
    bend_forward_deg: float = 0.0
    bend_side_deg: float = 0.0
    twist_deg: float = 0.0
    head_turn_deg: float = 0.0
    head_nod_deg: float = 0.0
    head_tilt_deg: float = 0.0
    arm_left: ArmPose = field(default_factory=ArmPose)
    arm_right: ArmPose = field(default_factory=ArmPose)
    leg_left: LegPose = field(default_factory=LegPose)
    leg_right: LegPose = field(default_factory=LegPose)
    above_floor_m: float = 0.0


STRAIGHT = Pose(
    arm_left=ArmPose(5, 0, 0, 0), arm_right=ArmPose(5, 0, 0, 0),
    leg_left=LegPose(0, 0, 0, 5), leg_right=LegPose(0, 0, 0, 5),
)  # fmt: skip


def rotation(axis: str | np.ndarray, angle_deg: float) -> np.ndarray:
    """Right-handed rotation matrix about an axis: "x", "y", "z" or a unit vector."""
    u = np.eye(3)["xyz".index(axis)] if isinstance(axis, str) else axis
    a = np.radians(angle_deg)
    cross = np.array([[0, -u[2], u[1]], [u[2], 0, -u[0]], [-u[1], u[0], 0]])
    return np.eye(3) + np.sin(a) * cross + (1 - np.cos(a)) * cross @ cross


def _frame(along: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Orthonormal columns: along, the bend's axis (along x towards), and their product."""
    axis = _unit(np.cross(along, towards))
    return np.stack([along, axis, np.cross(along, axis)], 1)


def _limb(upper_dir, bend_dir, angle_deg):
    """Frames of the two segments of a limb that bends by ``angle_deg`` towards ``bend_dir``."""
    first = _frame(upper_dir, bend_dir)
    turn = rotation(first[:, 1], angle_deg)
    return first, turn @ first


def _limb_rotations(p0, p1, p2, rest_bend, upper_dir, bend_dir, angle_deg):
    """Rotations (upper, lower) that take a resting limb to the posed directions."""
    d0, d1 = _unit(p1 - p0), _unit(p2 - p1)
    axis = np.cross(d0, rest_bend)
    rest_upper = _frame(d0, rest_bend)
    rest_lower = _frame(d1, np.cross(axis, d1))
    upper, lower = _limb(upper_dir, bend_dir, angle_deg)
    return upper @ rest_upper.T, lower @ rest_lower.T


def part_rotations(body: Body, pose: Pose) -> dict[str, np.ndarray]:
    """World rotation of every part, before the person's yaw."""
    lean = rotation("x", pose.lean_forward_deg)
    pelvis = lean @ rotation("y", pose.hip_drop_deg)
    trunk = (
        lean
        @ rotation("z", pose.twist_deg)
        @ rotation("y", pose.bend_side_deg)
        @ rotation("x", pose.bend_forward_deg)
    )
    look = (
        rotation("z", pose.head_turn_deg)
        @ rotation("y", pose.head_tilt_deg)
        @ rotation("x", pose.head_nod_deg)
    )
    # The head mostly stays level when the trunk bends; the neck goes half the way.
    level = rotation("x", 0.6 * (pose.lean_forward_deg + pose.bend_forward_deg))
    head = level @ rotation("z", pose.twist_deg) @ look
    neck = trunk @ rotation("z", pose.head_turn_deg / 2) @ rotation("x", pose.head_nod_deg / 2)
    out = {"pelvis": pelvis, "trunk": trunk, "neck": neck, "head": head}
    down, ahead = np.array([0.0, 0, -1]), np.array([0.0, -1, 0])
    for side, sign, arm, leg in (
        (".L", 1.0, pose.arm_left, pose.leg_left),
        (".R", -1.0, pose.arm_right, pose.leg_right),
    ):
        p0, p1, p2 = (body.joints[n + side] for n in ("shoulder", "elbow", "wrist"))
        lift = rotation("y", -sign * arm.out_deg) @ rotation("x", -arm.forward_deg)
        upper_dir = trunk @ lift @ down
        bend = trunk @ lift @ rotation("z", -sign * arm.inward_deg) @ ahead
        upper, lower = _limb_rotations(p0, p1, p2, p2 - p1, upper_dir, bend, arm.elbow_deg)
        out["upper_arm" + side], out["forearm" + side] = upper, lower
        out["hand" + side] = rotation(lower @ _unit(p2 - p1), sign * arm.palm_deg) @ lower
        p0, p1, p2 = (body.joints[n + side] for n in ("hip", "knee", "ankle"))
        lift = rotation("y", -sign * leg.out_deg) @ rotation("x", -leg.forward_deg)
        turned = rotation("z", sign * leg.turn_deg)
        upper_dir = lean @ lift @ down
        # Feet turn less than knees do once the leg is raised; bending is backwards.
        back = -(lean @ lift @ turned @ ahead)
        upper, lower = _limb_rotations(
            p0, p1, p2, np.array([0.0, 1, 0]), upper_dir, back, leg.knee_deg
        )
        out["thigh" + side], out["calf" + side] = upper, lower
        out["foot" + side] = turned @ rotation("x", leg.foot_pitch_deg)
    return out


JOINT_OF_PART = {
    "trunk": "waist", "neck": "neck", "head": "head", "upper_arm": "shoulder", "forearm": "elbow",
    "hand": "wrist", "thigh": "hip", "calf": "knee", "foot": "ankle",
}  # fmt: skip
PART_OF_JOINT = {**{j: p for p, j in JOINT_OF_PART.items()}, "eye": "head", "toe": "foot"}


@dataclass(frozen=True)
class Posed:
    """Part maps (15, 3, 4) of a pose, and the joints it puts where, metres."""

    maps: np.ndarray
    joints: dict[str, np.ndarray]

    def move(self, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Skin rest-pose points into the pose."""
        return skin(points, weights, self.maps)

    def shifted(self, offset_m: np.ndarray) -> Posed:
        """The same pose elsewhere."""
        maps = self.maps.copy()
        maps[:, :, 3] += offset_m
        return Posed(maps, {n: p + offset_m for n, p in self.joints.items()})


def pose_body(body: Body, pose: Pose) -> Posed:
    """Pose a body about its mid-hip, which stays at x = y = 0; height is the caller's."""
    rotations = part_rotations(body, pose)
    turn = rotation("z", pose.yaw_deg)
    root = _mid(body.joints, "hip")
    maps: dict[str, np.ndarray] = {}
    for part in PARTS:
        side = side_of(part)
        stem = part.removesuffix(side)
        if stem == "pelvis":
            pivot, target = root, np.array([0, 0, root[2]])
        else:
            joint = JOINT_OF_PART[stem]
            pivot = body.joints[joint + side if joint + side in body.joints else joint]
            parent = PARENT[stem]
            target = _apply(maps[parent if parent in UNSIDED else parent + side], pivot)
        linear = turn @ rotations[part]
        maps[part] = np.hstack([linear, (target - linear @ pivot)[:, None]])
    joints = {}
    for name, point in body.joints.items():
        side = side_of(name)
        part = PART_OF_JOINT[name.removesuffix(side)]
        joints[name] = _apply(maps[part if part in UNSIDED else part + side], point)
    return Posed(np.array([maps[p] for p in PARTS]), joints)


def level_feet(body: Body, pose: Pose) -> Pose:
    """Tilt the pelvis of a standing pose until both feet are on the floor.

    Knees bend differently and legs differ by some millimetres; people stand so, too.
    """
    joints = pose_body(body, pose).joints
    higher_m = joints["ankle.L"][2] - joints["ankle.R"][2]
    wide_m = np.linalg.norm(joints["hip.L"] - joints["hip.R"])
    return replace(pose, hip_drop_deg=float(np.degrees(np.arcsin(higher_m / wide_m))))


# --- building -----------------------------------------------------------------------------------


def stature_m(body: Body) -> float:
    """Vertex to floor, barefoot, standing straight with straight knees: no hair, no shoes."""
    z = pose_body(body, STRAIGHT).move(body.vertices, body.weights)[:, 2]
    return float(z.max() - z.min())


def volume_m3(body: Body) -> float:
    """Volume inside the skin."""
    a, b, c = (body.vertices[body.faces[:, i]] for i in range(3))
    return float(abs(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6)


def build_body(base: Body, want: Proportions) -> Body:
    """Give ``base`` the lengths and the stature of ``want``, each to within 0.2 mm.

    The lengths are set outright; neck and head then take up what is left of stature.
    """
    lengths = {"torso": want.lengths_cm["torso"]}
    for side in ("L", "R"):
        for segment in ("upper_arm", "forearm", "thigh", "calf"):
            lengths[f"{segment}.{side}"] = want.side_length_cm(segment, side)
    scale = want.stature_cm / 100 / stature_m(base)
    head = 1.0
    for _ in range(12):
        body = reshape_to(base, lengths, scale, head)
        missing_m = want.stature_cm / 100 - stature_m(body)
        if abs(missing_m) < 2e-4:
            break
        head += missing_m / (0.40 * scale)  # d stature / d head: neck 0.10 m squared, head 0.20 m
    else:
        raise RuntimeError(f"stature is off by {missing_m * 1000:.1f} mm")
    floor = np.array([0.0, 0.0, body.vertices[:, 2].min()])
    body = replace(
        body,
        vertices=body.vertices - floor,
        joints={name: point - floor for name, point in body.joints.items()},
    )
    return replace(
        body, stature_cm=100 * stature_m(body), weight_kg=SKIN_DENSITY_KG_M3 * volume_m3(body)
    )
