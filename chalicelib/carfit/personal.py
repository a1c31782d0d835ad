"""Settings for one driver: what a body asks for, moved by the habit that kept settings tell.

A told setting becomes a linear view of the habit (`chalicelib.carfit.habit`) by the geometry of the
car it was kept in. What is learned moves the driving position of any other car; travels and safety
rules hold there as ever.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from chalicelib.carfit import fit, linkage, rules, warnings
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.habit import (
    HABIT,
    HabitPrior,
    Learned,
    Told,
    bundled_prior,
    learn,
    most_telling,
)
from chalicelib.carfit.linkage import Links
from chalicelib.carfit.model import Model, bundled_model
from chalicelib.carfit.own import POSTURE, Own, posture, seated_at
from chalicelib.carfit.settings import SETTINGS, ideal_settings, position_settings, travels
from chalicelib.carfit.types import (
    Body,
    DriveSide,
    FitWarning,
    Recommendation,
    SideMirrorAim,
    Words,
)
from chalicelib.carfit.vehicles import Vehicle

Array = npt.NDArray[np.float64]

Kind = Literal["kept", "adjusted", "discomfort"]

LOOSENESS: Final[Mapping[Kind, float]] = {"kept": 1.0, "adjusted": 4.0}
"""Times the daily variance: who has just adjusted a seat has not yet driven with it (assumed). With
discomfort nothing is liked: such settings are not learned from."""

LEARNED_FROM: Final[Mapping[str, float]] = {
    "seat.fore_aft_mm": 2.0,
    "seat.height_mm": 2.0,
    "seat.backrest_recline_deg": 0.5,
    "steering_wheel.telescope_mm": 2.0,
    "steering_wheel.tilt_deg": 0.3,
    "mirrors.left.yaw_deg": 0.3,
    "mirrors.left.pitch_deg": 0.3,
    "mirrors.right.yaw_deg": 0.3,
    "mirrors.right.pitch_deg": 0.3,
    "mirrors.interior.yaw_deg": 0.3,
    "mirrors.interior.pitch_deg": 0.3,
    "hud.height_mm": 3.0,
}
"""Settings that tell of a habit, and how finely drivers set them, SD (assumed). Head restraint and
belt are not among them: safety sets those, whatever a driver keeps."""
CHOSEN: Final = tuple(LEARNED_FROM)[:5]
"""Settings that a driving position is made of."""
BODY_SD_MM: Final[Mapping[str, float]] = {
    "belt.anchor_height_mm": 15.0,
    "head_restraint.height_mm": 15.0,
}
"""What bodies of the same lengths differ in beside the habit, SD (assumed, as simulated drivers):
no setting that is learned from tells it."""
AT_END: Final = {"mm": 1.0, "deg": 0.3}
"""So near its end a setting stands at it: percent of travel are that coarse."""
STEPS: Final = np.array([1.0, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0])
"""Steps of the numerical derivatives, by column of `HABIT`."""


@dataclass(frozen=True)
class Telling:
    """Settings that a driver kept in a car, or changed there.

    Attributes
    ----------
    vehicle : Vehicle
    settings : mapping of str to float
        By path; some may be missing.
    days_ago : float
    kind : {"kept", "adjusted", "discomfort"}
    drive_side, side_mirrors
        Of that car.
    """

    vehicle: Vehicle
    settings: Mapping[str, float]
    days_ago: float = 0.0
    kind: Kind = "kept"
    drive_side: DriveSide = "left"
    side_mirrors: SideMirrorAim = "classic"


@dataclass(frozen=True, slots=True)
class LearnedOffset:
    """One thing learned: what it is, how far it lies from most drivers of that body, and in words.

    ``off`` is in the unit that ``of`` ends with.
    """

    of: str
    off: float
    message: Words


@dataclass(frozen=True, slots=True)
class Personal:
    """What an answer rests on beside the body.

    ``tellings``: how many were learned from. ``doubted``: how many of these look like another
    person's. ``band_share``: how much of the seat's fore-aft band of an unknown driver is left.
    ``learned``: what was learned, the largest first.
    """

    tellings: int
    doubted: int
    band_share: float
    learned: tuple[LearnedOffset, ...]


def recommend(
    body: Body,
    vehicle: Vehicle,
    tellings: Sequence[Telling],
    *,
    prior: HabitPrior | None = None,
    **options: Any,
) -> tuple[Recommendation, Personal]:
    """Recommend a car's settings to a driver who has told what he or she keeps.

    Parameters
    ----------
    body, vehicle, **options
        As in `chalicelib.carfit.recommend`.
    tellings : sequence of Telling
        In any cars, in any order. With none, the answer is that of `chalicelib.carfit.recommend`.
    prior : HabitPrior, optional
        Instead of the model's, or the one that ships with the code.
    """
    model = options.get("model") or bundled_model()
    side: DriveSide = options.get("drive_side", "left")
    aim: SideMirrorAim = options.get("side_mirrors", "classic")
    prior = prior or model.habit or bundled_prior()
    known = habit_in(body, vehicle, tellings, model=model, prior=prior)
    driver = Driver(body, vehicle, options.get("posture", "normal"), model=model)
    own = _own(driver, known, prior, side, aim)
    told = {path for each in tellings if each.kind in LOOSENESS for path in _told_of(each)}
    offsets = learned_offsets(driver, own, told)
    if known.trust and not known.two_habits:
        own = replace(own, said={_SAID_OF[each.of]: each.message for each in offsets})
        found = fit.recommend(body, vehicle, **options, own=own)
        lost = tuple(_lost(found, driver, own))
        found = replace(found, warnings=(*found.warnings, *lost))
    else:
        found = fit.recommend(body, vehicle, **options)
        if known.two_habits:
            found = replace(found, warnings=(warnings.two_habits(), *found.warnings))
    return found, Personal(
        tellings=len(known.trust),
        doubted=0 if known.two_habits else sum(each < 0.5 for each in known.trust),
        band_share=own.band_share["seat.fore_aft_mm"],
        learned=offsets,
    )


def habit_in(
    body: Body,
    vehicle: Vehicle,
    tellings: Sequence[Telling],
    *,
    model: Model | None = None,
    prior: HabitPrior | None = None,
) -> Learned:
    """Learn what a driver's tellings say of the habit in one car."""
    model = model or bundled_model()
    prior = prior or model.habit or bundled_prior()
    liked = [each for each in tellings if each.kind in LOOSENESS and _told_of(each)]
    cars: list[Vehicle] = [_unnamed(vehicle)]
    numbers = []
    for each in liked:
        car = _unnamed(each.vehicle)
        if car not in cars:
            cars.append(car)
        numbers.append(cars.index(car))
    chosen = most_telling(numbers, [each.days_ago for each in liked])
    drivers = {k: Driver(body, cars[k], model=model) for k in {numbers[i] for i in chosen}}
    told = [view(drivers[numbers[i]], liked[i], numbers[i]) for i in chosen]
    return learn([each for each in told if len(each.values)], 0, prior)


def view(driver: Driver, telling: Telling, car: int = 0) -> Told:
    """See a telling as a linear view of the habit, about the posture that it tells itself.

    ``driver`` is the body in the telling's car; ``car`` numbers that car.
    """
    vehicle, links = driver.vehicle, driver.links
    expected, wanted = driver.position[:1, :5], driver.wanted[:1, :5]
    base = position_settings(vehicle, driver.sit(expected))
    paths = _told_of(telling)
    kept = {path: float(telling.settings.get(path, np.ravel(base[path])[0])) for path in CHOSEN}
    x = vehicle.seat_front_x_mm + kept["seat.fore_aft_mm"]
    z = rules.track_z(vehicle, x) + kept["seat.height_mm"]
    wheel = rules.wheel_at(
        vehicle, kept["steering_wheel.telescope_mm"], kept["steering_wheel.tilt_deg"]
    )
    at = np.zeros(len(HABIT))
    told_position = np.array([[x, z, kept["seat.backrest_recline_deg"], *wheel]])
    at[:POSTURE] = (posture(links, told_position) - posture(links, expected))[0]
    moved = np.vstack([at, at + np.diag(STEPS)])
    found = _settings_at(driver, expected, moved, telling.drive_side, telling.side_mirrors)
    free = _settings_at(
        driver, wanted, np.zeros((1, len(HABIT))), telling.drive_side, telling.side_mirrors
    )
    ends = travels(vehicle, telling.drive_side)
    rows, values, noise, beyond = [], [], [], []
    for path in paths:
        low, high = ends[path]
        near = AT_END[path.rpartition("_")[2]]
        setting = telling.settings[path]
        side = float(setting >= high - near) - float(setting <= low + near)
        if high - low <= 2.0 * near or (side and path not in CHOSEN):
            continue  # what cannot be set tells nothing
        row = (found[path][1:] - found[path][0]) / STEPS
        value = setting - found[path][0] + row @ at
        if side:
            value = setting - free[path][0]
        rows.append(row)
        values.append(value)
        noise.append(LEARNED_FROM[path])
        beyond.append(side)
    return Told(
        car=car,
        days_ago=max(telling.days_ago, 0.0),
        view=np.array(rows).reshape(-1, len(HABIT)),
        values=np.array(values),
        noise_sd=np.array(noise),
        beyond=np.array(beyond),
        looseness=LOOSENESS[telling.kind],
    )


def learned_offsets(driver: Driver, own: Own, told: Collection[str]) -> tuple[LearnedOffset, ...]:
    """What of an offset is worth telling, in a car, the largest first.

    Only of what was ``told``: who never told a wheel is not told how the arms are liked.
    """
    tells = {name: {path} for name, path in _SAID_OF.items()}
    tells["eye_height_mm"] = set(LEARNED_FROM) - set(CHOSEN)
    expected = driver.wanted[:1, :5]
    usual, liked = (driver.sit(each) for each in (expected, own.moved(driver.links, expected)))
    offs = {
        "knee_deg": liked.knee_deg - usual.knee_deg,
        "trunk_deg": liked.trunk_deg - usual.trunk_deg,
        "elbow_deg": liked.elbow_deg - usual.elbow_deg,
        "seat_height_mm": liked.h_point[1] - usual.h_point[1],
        "wheel_height_mm": (liked.grip[1] - liked.h_point[1]) - (usual.grip[1] - usual.h_point[1]),
        "eye_height_mm": np.array([own.eye_off_mm[1]]),
    }
    found = [(name, float(np.ravel(each)[0])) for name, each in offs.items()]
    found = [
        (name, off)
        for name, off in found
        if abs(off) >= _WORTH_TELLING[name] and not tells[name].isdisjoint(told)
    ]
    found.sort(key=lambda each: -abs(each[1]) / _WORTH_TELLING[each[0]])
    return tuple(LearnedOffset(name, off, _habit_words(name, off)) for name, off in found)


def _own(
    driver: Driver, known: Learned, prior: HabitPrior, side: DriveSide, aim: SideMirrorAim
) -> Own:
    """What is known, and how much of each setting's band that leaves."""
    moved = np.vstack([known.mean, known.mean + np.diag(STEPS)])
    found = _settings_at(driver, driver.wanted[:1, :5], moved, side, aim)
    shares = {}
    for path, values in found.items():
        row = (values[1:] - values[0]) / STEPS
        body = BODY_SD_MM.get(path, 0.0) ** 2
        before = float(row @ prior.total @ row) + body
        after = float(row @ known.next_cov @ row) + body
        if path not in CHOSEN:  # aimed by hand, each time anew
            after += LEARNED_FROM.get(path, 0.0) ** 2
        shares[path] = float(np.sqrt(min(after / before, 1.0))) if before > 0.0 else 1.0
    return Own(known.mean, shares)


def _lost(found: Recommendation, driver: Driver, own: Own) -> Iterator[FitWarning]:
    """A warning for each setting that a safety rule took from the driver's own posture.

    What a travel takes is `LIMIT_REACHED` already.
    """
    said = {each.params.get("setting") for each in found.warnings}
    seated = driver.sit(own.moved(driver.links, driver.position[:1, :5]))
    values = found.settings.by_path()
    for path, wish in position_settings(driver.vehicle, seated).items():
        row, wanted = SETTINGS[path], float(np.ravel(wish)[0])
        low, high = travels(driver.vehicle, found.drive_side)[path]
        within = min(max(wanted, low), high)
        if path not in said and abs(values[path] - within) > row.untold:
            yield warnings.posture_not_kept(row, within, values[path])


def _settings_at(
    driver: Driver, position: Array, offsets: Array, side: DriveSide, aim: SideMirrorAim
) -> dict[str, Array]:
    """Every setting at offsets, shape (n, 7), from a position, before any travel ends."""
    links = driver.links
    first = _one(links)
    there = seated_at(first, posture(first, position) + offsets[:, :POSTURE])
    x, z, recline, wheel_x, wheel_z = there.T
    eyes = replace(
        first,
        eye_mm=(first.eye_mm[0] + offsets[:, POSTURE], first.eye_mm[1] + offsets[:, POSTURE + 1]),
    )
    seated = linkage.sit(eyes, (x, z), recline, (wheel_x, wheel_z))
    found = ideal_settings(driver.vehicle, seated, side, aim)
    return {path: np.broadcast_to(each, len(offsets)) for path, each in found.items()}


def _one(links: Links) -> Links:
    """The body's own links, without the rows of their doubt, as numbers."""

    def first(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(first(each) for each in value)
        return float(np.ravel(value)[0])

    return Links(*(first(getattr(links, name)) for name in Links.__slots__))


def _told_of(telling: Telling) -> list[str]:
    return [path for path in LEARNED_FROM if path in telling.settings]


def _unnamed(vehicle: Vehicle) -> Vehicle:
    """A car by its figures: the same under any name."""
    return replace(vehicle, id="", name={})


_WORTH_TELLING: Final = {
    "knee_deg": 3.0,
    "trunk_deg": 1.5,
    "elbow_deg": 5.0,
    "seat_height_mm": 6.0,
    "wheel_height_mm": 10.0,
    "eye_height_mm": 8.0,
}
"""From where on a driver notices (assumed)."""
_SAID_OF: Final = {
    "knee_deg": "seat.fore_aft_mm",
    "trunk_deg": "seat.backrest_recline_deg",
    "elbow_deg": "steering_wheel.telescope_mm",
    "seat_height_mm": "seat.height_mm",
    "wheel_height_mm": "steering_wheel.tilt_deg",
    "eye_height_mm": "hud.height_mm",
}
"""Which setting's reason says it."""
_WORDS: Final = {
    "knee_deg": (
        "your knee {}° straighter",
        "your knee {}° more bent",
        "무릎을 {}° 더 펴는",
        "무릎을 {}° 더 굽히는",
    ),
    "trunk_deg": (
        "your back {}° further reclined",
        "your back {}° more upright",
        "등을 {}° 더 젖히는",
        "등을 {}° 더 세우는",
    ),
    "elbow_deg": (
        "your elbow {}° straighter",
        "your elbow {}° more bent",
        "팔꿈치를 {}° 더 펴는",
        "팔꿈치를 {}° 더 굽히는",
    ),
    "seat_height_mm": (
        "to sit {} mm higher",
        "to sit {} mm lower",
        "{} mm 더 높이 앉는",
        "{} mm 더 낮게 앉는",
    ),
    "wheel_height_mm": (
        "the wheel {} mm higher",
        "the wheel {} mm lower",
        "운전대를 {} mm 더 높이 두는",
        "운전대를 {} mm 더 낮게 두는",
    ),
}
"""More and less, in English and Korean."""


def _habit_words(of: str, off: float) -> Words:
    size = f"{abs(off):.0f}"
    if of == "eye_height_mm":
        way_en, way_ko = ("higher", "높습니다") if off > 0.0 else ("lower", "낮습니다")
        return {
            "en": f"By what you kept, your eyes are {size} mm {way_en} than most of your build.",
            "ko": f"직접 맞춘 값으로 보아 눈높이가 체형이 비슷한 운전자보다 {size} mm {way_ko}.",
        }
    more_en, less_en, more_ko, less_ko = _WORDS[of]
    english, korean = (more_en, more_ko) if off > 0.0 else (less_en, less_ko)
    return {
        "en": f"You like {english.format(size)} than most of your build.",
        "ko": f"체형이 비슷한 운전자보다 {korean.format(size)} 편입니다.",
    }
