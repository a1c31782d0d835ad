"""Every error has words in both languages and survives the way between the two functions."""

import ast
import pickle
from pathlib import Path
from typing import get_args

import pytest

from bodyscan import quality
from chalicelib.errors import (
    ERRORS,
    POSE_ADVICE,
    PoseReason,
    PoseUnsuitableError,
    error_from_document,
    error_to_document,
    preferred_language,
)

BODYSCAN = Path(__file__).parents[3] / "container" / "bodyscan"
DETAILS = {
    "field": "side_image_url",
    "max_megabytes": 20,
    "max_megapixels": 50,
    "parts": "x",
    "reason": "legs_bent",
}
SIDE = {"field": "side_image_url"}


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_speaks_both_languages_and_nothing_is_left_to_fill_in(code):
    error = ERRORS[code]() if code == "INVALID_INPUT" else ERRORS[code](**DETAILS)
    english, korean = error.message("en"), error.message("ko")
    assert english != korean
    assert any("가" <= letter <= "힣" for letter in korean)
    assert "{" not in english + korean
    assert 400 <= error.status < 600


def reasons_raised():
    """Every reason that the code which looks at photos gives."""
    calls = [
        node
        for path in BODYSCAN.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("PoseUnsuitableError", "_unsuitable")
    ]
    given = [each.value for call in calls for each in call.keywords if each.arg == "reason"]
    given += [call.args[1] for call in calls if len(call.args) > 1]
    return {each.value for each in given if isinstance(each, ast.Constant)}


def parts_marked():
    """Every part that the checks of photos name as wrong; what they name by a variable is left."""
    tree = ast.parse((BODYSCAN / "quality.py").read_text("utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        first = {"_unsuitable": 2, "marks": 1}.get(getattr(call.func, "id", ""))
        given = call.args[first:] if first else []
        yield from (each.value for each in given if isinstance(each, ast.Constant))


def test_every_part_that_a_refusal_marks_has_a_place_in_the_photo():
    """`quality.marks` would draw the whole person for a part that it does not know."""
    parts = set(parts_marked())
    assert {"shoulders", "other_person"} <= parts
    assert parts <= {*quality.LINES, "trunk", "person", "other_person"}


def test_every_reason_of_a_refused_pose_has_words_and_no_words_are_of_none():
    raised = reasons_raised()
    assert "legs_hidden" in raised, "found none: is the error raised under another name?"
    assert raised == set(POSE_ADVICE) == set(get_args(PoseReason))


@pytest.mark.parametrize("details", [{}, SIDE], ids=["front", "side"])
@pytest.mark.parametrize("reason", POSE_ADVICE)
def test_a_refused_pose_says_what_is_wrong_and_what_to_do(reason, details):
    error = PoseUnsuitableError(reason=reason, **details)
    for language, whose in (("en", "Side photo: "), ("ko", "옆모습 사진: ")):
        message = error.message(language)
        assert message.startswith(whose) == bool(details)
        assert message.count(". ") >= 1, "one sentence says what is wrong, another what to do"
        assert any("가" <= letter <= "힣" for letter in message) == (language == "ko")
    assert error.to_dict()["reason"] == reason
    assert error_from_document(error_to_document(error)).message("ko") == error.message("ko")


@pytest.mark.parametrize("details", [{}, SIDE], ids=["front", "side"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_two_reasons_say_the_same(language, details):
    said = {PoseUnsuitableError(reason=each, **details).message(language) for each in POSE_ADVICE}
    assert len(said) == len(POSE_ADVICE)


def test_who_stands_sideways_is_told_what_fits():
    from_front, from_side = (
        PoseUnsuitableError(reason="legs_apart", **details).message("en") for details in ({}, SIDE)
    )
    assert "hips" in from_front
    assert from_side == "Side photo: The feet are a step apart. Stand with both feet side by side."
    assert "side photo" in PoseUnsuitableError(reason="turned_away").message("en")


@pytest.mark.parametrize(
    ("details", "advice"),
    [({}, "facing the camera"), (SIDE, "Side photo: This pose"), ({"path": "b.jpg"}, "b.jpg: ")],
)
def test_a_reason_that_only_a_newer_service_knows_gets_words_too(details, advice):
    document = {"code": "POSE_UNSUITABLE", "details": {"reason": "upside_down", **details}}
    assert advice in error_from_document(document).message("en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.2, ko;q=0.7", "ko"),
        ("fr,de", "en"),
        ("ko;q=x", "en"),
        ("ko;q=0", "en"),
    ],
)
def test_the_language_is_the_clients(header, language):
    assert preferred_language(header) == language


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_an_error_crosses_from_one_process_to_another(code):
    error = ERRORS[code]() if code == "INVALID_INPUT" else ERRORS[code](**DETAILS)
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error)
    assert there.to_dict("ko") == error.to_dict("ko")


def test_a_refusal_of_one_of_several_photos_says_which():
    second = PoseUnsuitableError(reason="legs_bent", field="image_urls[1]", where=[])
    assert second.message("en").startswith("Photo 2: A leg is bent")
    assert second.message("ko").startswith("2번 사진: ")
    assert second.index == 1
    assert PoseUnsuitableError(reason="legs_bent").index is None
