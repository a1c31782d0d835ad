"""What can go wrong with a call: the API's own errors by their names, and those of the way there.

The API's are `chalicelib.errors`: ``code`` for programs, ``message(language)`` for people,
``details`` with the facts, here also the answer's ``request_id``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.errors import ERRORS, HypermobError, error_from_document


class InvalidAddressError(HypermobError):
    """What the client was given for the API's address is none."""

    code = "INVALID_ADDRESS"
    status = 400
    en = (
        "{address} is not an API's address: that begins with http:// or https://, such as "
        "https://api.example.com/prod."
    )
    ko = (
        "{address}은(는) API 주소가 아닙니다. https://api.example.com/prod처럼 http:// 또는 "
        "https://로 시작하는 주소가 필요합니다."
    )


class UnreachableError(HypermobError):
    """The API or the storage gave no answer at all, however often it was asked."""

    code = "UNREACHABLE"
    status = 503
    en = "{address} cannot be reached ({reason}). Check the address and the network."
    ko = "{address}에 연결할 수 없습니다 ({reason}). 주소와 네트워크를 확인해 주세요."


class UnexpectedAnswerError(HypermobError):
    """What answered is not this API, or not one that this client knows."""

    code = "UNEXPECTED_ANSWER"
    status = 502
    en = "{address} answered {status_code}, not as this API does. Check the address."
    ko = "{address}의 응답({status_code})이 이 API의 형식이 아닙니다. 주소를 확인해 주세요."


class StillMeasuringError(HypermobError):
    """The measurement took longer than the client waits; it goes on."""

    code = "STILL_MEASURING"
    status = 504
    en = "Still measuring after {waited_s:g} s. Ask later for the measurement {measurement_id}."
    ko = (
        "{waited_s:g}초가 지나도 측정이 끝나지 않았습니다. "
        "나중에 측정 {measurement_id}을(를) 조회해 주세요."
    )


class NewError(HypermobError):
    """An error that is newer than this client; ``code`` and the message are the API's."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        self._message = message
        vars(self)["code"] = code
        super().__init__(**details)

    def message(self, language: str) -> str:
        """The message as the API worded it."""
        return self._message


def error_from(body: Mapping[str, Any]) -> HypermobError:
    """Return the error that an answer's ``error`` object tells of."""
    details = {
        name: value for name, value in body.items() if name not in ("code", "message", "request_id")
    }
    if body["code"] in ERRORS:
        error = error_from_document({"code": body["code"], "details": details})
    else:
        error = NewError(body["code"], body["message"], **details)
    error.details["request_id"] = body.get("request_id")
    return error
