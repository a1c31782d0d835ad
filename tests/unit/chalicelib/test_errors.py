"""Every error has words in both languages and survives the way between the two functions."""

import pytest

from chalicelib.errors import ERRORS, preferred_language

DETAILS = {"field": "side_image_url", "max_megabytes": 20, "max_megapixels": 50, "parts": "x"}


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_speaks_both_languages_and_nothing_is_left_to_fill_in(code):
    error = ERRORS[code]() if code == "INVALID_INPUT" else ERRORS[code](**DETAILS)
    english, korean = error.message("en"), error.message("ko")
    assert english != korean
    assert any("가" <= letter <= "힣" for letter in korean)
    assert "{" not in english + korean
    assert 400 <= error.status < 600


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
