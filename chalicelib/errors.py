"""Every error that a client can see: its code, HTTP status, and words in English and Korean.

Raise these anywhere; ``app.py`` turns them into the answer's envelope, and the measure function
into its result. A message names what to do next and never carries internals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")


def preferred_language(accept_language: str | None) -> Language:
    """Choose English or Korean from an ``Accept-Language`` header (RFC 9110); English if unsure.

    Examples
    --------
    >>> preferred_language("ko-KR,ko;q=0.9,en;q=0.8")
    'ko'
    """
    best: Language = "en"
    best_weight = 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = 1.0
        if parameter.strip().startswith("q="):
            try:
                weight = float(parameter.strip()[2:])
            except ValueError:
                weight = 0.0
        for language in LANGUAGES:
            if primary == language and weight > best_weight:
                best, best_weight = language, weight
    return best


@dataclass(frozen=True)
class FieldProblem:
    """One field of a request that is not what was expected."""

    field: str
    expected_en: str
    expected_ko: str

    def words(self, language: Language) -> str:
        """What was expected, in ``language``."""
        return self.expected_ko if language == "ko" else self.expected_en


class HypermobError(Exception):
    """Base of all errors that a client can see.

    Parameters
    ----------
    **details
        Facts for the client, put beside ``code`` and ``message`` (JSON values only) and used to
        fill the message's placeholders.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    retry_after_s: ClassVar[int | None] = None
    """What ``Retry-After`` tells the client: the same request may succeed so soon."""
    en: ClassVar[str] = "Something went wrong on our side. Try again; if it stays, tell us the id."
    ko: ClassVar[str] = (
        "서버에서 문제가 발생했습니다. 다시 시도하고, 계속되면 request_id를 알려 주세요."
    )

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(f"{self.code}: {self.message('en')}")

    def message(self, language: Language) -> str:
        """The message in ``language``, with its facts filled in."""
        return (self.ko if language == "ko" else self.en).format(**self.details)

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """``{"code", "message", ...details}`` as a client reads it."""
        return {"code": self.code, "message": self.message(language), **self.details}


class InvalidInputError(HypermobError):
    """A request with missing, wrong or impossible fields; names each one."""

    code = "INVALID_INPUT"
    status = 400
    en = "Some fields are not as expected: {listed}."
    ko = "올바르지 않은 항목이 있습니다: {listed}."

    def __init__(self, *problems: FieldProblem) -> None:
        self.problems = problems
        super().__init__()
        self.details = {"problems": [asdict(problem) for problem in problems]}

    def message(self, language: Language) -> str:
        """The message in ``language``, naming every field and what was expected."""
        listed = "; ".join(f"{p.field}: {p.words(language)}" for p in self.problems)
        return (self.ko if language == "ko" else self.en).format(listed=listed)

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """As the base, with ``fields``: ``[{"field", "expected"}]``."""
        fields = [{"field": p.field, "expected": p.words(language)} for p in self.problems]
        return {"code": self.code, "message": self.message(language), "fields": fields}


class ForbiddenError(HypermobError):
    """No API key, or one that is not known."""

    code = "FORBIDDEN"
    status = 403
    en = "A valid API key is needed: send it in the X-API-Key header."
    ko = "유효한 API 키가 필요합니다. X-API-Key 헤더로 보내 주세요."


class UnauthorizedError(HypermobError):
    """No token of the user, or none that is valid; only where a deployment has an issuer."""

    code = "UNAUTHORIZED"
    status = 401
    en = "A valid token of the user is needed: sign in, and send it as Authorization: Bearer TOKEN."
    ko = (
        "유효한 사용자 토큰이 필요합니다. 로그인한 뒤 Authorization: Bearer TOKEN 헤더로 "
        "보내 주세요."
    )


class UserNotAllowedError(HypermobError):
    """The token is valid, and another user's than the request is about."""

    code = "USER_NOT_ALLOWED"
    status = 403
    en = "The token is another user's than the request's user_id. Use the user_id of the token."
    ko = "토큰의 사용자와 요청의 user_id가 다릅니다. 토큰의 user_id를 사용해 주세요."


class BucketNotAllowedError(HypermobError):
    """An image URL that points outside what this user may read."""

    code = "BUCKET_NOT_ALLOWED"
    status = 403
    en = (
        "{field} points outside the places that may be read. Upload the photo with POST /uploads "
        "and pass the image_url that it answers."
    )
    ko = (
        "{field}이(가) 허용되지 않은 위치를 가리킵니다. POST /uploads로 사진을 올리고 "
        "응답의 image_url을 사용해 주세요."
    )


class ImageNotFoundError(HypermobError):
    """The image URL is allowed, but nothing is stored there."""

    code = "IMAGE_NOT_FOUND"
    status = 404
    en = "No photo is stored at {field}. Upload it first (POST /uploads); photos are kept 7 days."
    ko = (
        "{field}에 저장된 사진이 없습니다. 먼저 POST /uploads로 올려 주세요. "
        "사진은 7일 동안 보관됩니다."
    )


class DeletedError(HypermobError):
    """The measurement that was asked for has been deleted, perhaps while it was made."""

    code = "MEASUREMENT_DELETED"
    status = 410
    en = "This measurement was deleted. Upload the photo again, and use a new Idempotency-Key."
    ko = "삭제된 측정입니다. 사진을 다시 올리고 새로운 Idempotency-Key를 사용해 주세요."


class IdempotencyKeyReusedError(HypermobError):
    """Another request came with the same ``Idempotency-Key`` before."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 409
    en = "This Idempotency-Key came with another request before. Use a new key for a new request."
    ko = "이미 다른 요청에 사용된 Idempotency-Key입니다. 새 요청에는 새 키를 사용해 주세요."


class NotFoundError(HypermobError):
    """No such measurement or route."""

    code = "NOT_FOUND"
    status = 404
    en = "There is nothing at this address."
    ko = "요청한 대상을 찾을 수 없습니다."


class MethodNotAllowedError(HypermobError):
    """The route exists, the method does not."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    en = "This address does not take that method."
    ko = "이 주소에서 지원하지 않는 메서드입니다."


class RequestTooLargeError(HypermobError):
    """A request body over the limit: photos travel by presigned upload, never in a request."""

    code = "REQUEST_TOO_LARGE"
    status = 413
    en = "The request body is too large. Send photos through POST /uploads, not in the body."
    ko = "요청 본문이 너무 큽니다. 사진은 본문이 아니라 POST /uploads로 올려 주세요."


class PhotoError(HypermobError):
    """Base of what is wrong with one photo; ``field`` and ``path`` tell others from the first."""

    def message(self, language: Language) -> str:
        """The message in ``language``; names the photo where it is not the first."""
        which = self.details.get("path")
        if self._of_side_photo():
            which = {"en": "Side photo", "ko": "옆모습 사진"}[language]
        return (f"{which}: " if which else "") + super().message(language)

    def _of_side_photo(self) -> bool:
        return self.details.get("field") == "side_image_url"


class ImageTooLargeError(PhotoError):
    """A photo over the limits in bytes or pixels."""

    code = "IMAGE_TOO_LARGE"
    status = 413
    en = "The photo is too large: at most {max_megabytes} MB and {max_megapixels} megapixels."
    ko = "사진이 너무 큽니다. 최대 {max_megabytes} MB, {max_megapixels} 메가픽셀까지 가능합니다."


class UnsupportedImageError(PhotoError):
    """Not a photo that can be read: another format, empty, or damaged."""

    code = "UNSUPPORTED_IMAGE"
    status = 415
    en = "The file is not a readable photo. Send a whole JPEG, PNG, WebP or HEIC file."
    ko = "읽을 수 있는 사진이 아닙니다. 손상되지 않은 JPEG, PNG, WebP 또는 HEIC 파일을 보내 주세요."


class UnsupportedMediaTypeError(HypermobError):
    """A request body that is not declared as JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    en = "Send the body as JSON, with the header Content-Type: application/json."
    ko = "본문을 JSON으로, Content-Type: application/json 헤더와 함께 보내 주세요."


class PhotoRefusedError(PhotoError):
    """Base of the refusals: the photo can be read, but no honest length can come of it."""

    status = 422


class NoPersonError(PhotoRefusedError):
    """Nobody was found in the photo."""

    code = "NO_PERSON"
    en = "No person was found. Take a bright photo of one person standing, from head to feet."
    ko = "사람을 찾지 못했습니다. 머리부터 발끝까지 한 사람이 서 있는 밝은 사진을 찍어 주세요."


class SeveralPeopleError(PhotoRefusedError):
    """More than one person was found."""

    code = "SEVERAL_PEOPLE"
    en = "More than one person is in the photo. Take it with nobody else in view."
    ko = "사진에 여러 사람이 있습니다. 한 사람만 나오도록 다시 찍어 주세요."


class BodyCutOffError(PhotoRefusedError):
    """Head, hands or feet lie outside the photo or cannot be seen."""

    code = "BODY_CUT_OFF"
    en = "Part of the body is outside the photo. Step back until head and both feet are in view."
    ko = "몸의 일부가 사진 밖에 있습니다. 머리와 두 발이 모두 보이도록 더 멀리서 찍어 주세요."


class PersonTooSmallError(PhotoRefusedError):
    """The person fills too few pixels."""

    code = "PERSON_TOO_SMALL"
    en = "The person is too small in the photo. Come closer until the body fills most of it."
    ko = "사람이 사진에서 너무 작습니다. 몸이 사진의 대부분을 채우도록 더 가까이에서 찍어 주세요."


class PoseUnsuitableError(PhotoRefusedError):
    """A pose from which lengths cannot be measured."""

    code = "POSE_UNSUITABLE"
    en = (
        "This pose cannot be measured. Stand upright facing the camera, legs straight, "
        "arms a little away from the body."
    )
    ko = (
        "이 자세로는 측정할 수 없습니다. 카메라를 정면으로 보고 다리를 곧게 편 채 "
        "팔을 몸에서 조금 떼고 서 주세요."
    )
    side_en: ClassVar[str] = (
        "Side photo: this pose cannot be measured. Stand upright, seen exactly from the side, "
        "legs straight, arms down."
    )
    side_ko: ClassVar[str] = (
        "옆모습 사진: 이 자세로는 측정할 수 없습니다. 정확히 옆모습이 보이도록 서서 다리를 곧게 "
        "펴고 팔을 내려 주세요."
    )

    def message(self, language: Language) -> str:
        """The message in ``language``: who stands sideways does not face the camera."""
        if self._of_side_photo():
            return self.side_ko if language == "ko" else self.side_en
        return super().message(language)


class TooManyRequestsError(HypermobError):
    """Over the rate, or more photos at once than are measured at once."""

    code = "TOO_MANY_REQUESTS"
    status = 429
    retry_after_s = 10
    en = "Too many requests. Wait a moment, then try again."
    ko = "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."


class QuotaExceededError(HypermobError):
    """The key's requests of this month are used up."""

    code = "QUOTA_EXCEEDED"
    status = 429
    en = (
        "This API key has used all of its requests for this month. The count starts again on the "
        "first of the next month (UTC); for more, ask whoever gave you the key."
    )
    ko = (
        "이 API 키의 이번 달 요청 한도를 모두 사용했습니다. 한도는 다음 달 1일(UTC)에 "
        "초기화되며, 더 필요하면 키를 발급한 담당자에게 문의해 주세요."
    )


class RequestBlockedError(HypermobError):
    """The web application firewall refused the request."""

    code = "REQUEST_BLOCKED"
    status = 403
    en = (
        "The firewall blocked this request: too many from this address, or contents that look "
        "like an attack. Wait five minutes; if it stays, tell us the request_id."
    )
    ko = (
        "방화벽이 이 요청을 차단했습니다. 같은 주소에서 요청이 너무 많거나 내용이 공격으로 "
        "보입니다. 5분 뒤 다시 시도하고, 계속되면 request_id를 알려 주세요."
    )


class MeasureUnavailableError(HypermobError):
    """The measure function could not be reached, or did not answer."""

    code = "MEASURE_UNAVAILABLE"
    status = 503
    retry_after_s = 10
    en = "Photos cannot be measured right now. Try again in a minute; nothing was lost."
    ko = "지금은 사진을 측정할 수 없습니다. 1분 뒤에 다시 시도해 주세요. 데이터는 안전합니다."


class ServiceUnavailableError(HypermobError):
    """A part of the service cannot be reached."""

    code = "SERVICE_UNAVAILABLE"
    status = 503
    retry_after_s = 10
    en = "Out of reach: {parts}. Try again in a minute."
    ko = "연결할 수 없음: {parts}. 1분 뒤에 다시 시도해 주세요."


class NoCredentialsError(HypermobError):
    """The service itself may not ask AWS: nobody gave it credentials, or a region."""

    code = "NO_AWS_CREDENTIALS"
    status = 503
    en = (
        "The service has no AWS credentials or region, without which it reads and stores no "
        "photos. With chalice local: set AWS_PROFILE (aws configure). Or make run, which needs "
        "neither."
    )
    ko = (
        "서비스에 AWS 자격 증명 또는 리전이 설정되지 않아 사진을 읽거나 저장할 수 없습니다. "
        "chalice local에서는 AWS_PROFILE을 설정하고(aws configure), 자격 증명이 없다면 "
        "make run을 사용해 주세요."
    )


class GatewayTimeoutError(HypermobError):
    """No answer within API Gateway's 29 s."""

    code = "GATEWAY_TIMEOUT"
    status = 504
    en = "The answer took too long. Ask again with the header Prefer: respond-async."
    ko = "응답이 너무 오래 걸렸습니다. Prefer: respond-async 헤더로 다시 요청해 주세요."


def _all_errors(base: type[HypermobError]) -> list[type[HypermobError]]:
    return [found for sub in base.__subclasses__() for found in [sub, *_all_errors(sub)]]


ERRORS: Mapping[str, type[HypermobError]] = {
    HypermobError.code: HypermobError,
    **{error.code: error for error in _all_errors(HypermobError) if "code" in vars(error)},
}
"""Every error by its code: for `restored`, and for docs."""


def stored(error: HypermobError) -> dict[str, Any]:
    """What `restored` makes the same error of, in JSON values."""
    return {"code": error.code, "details": error.details}


def restored(document: Mapping[str, Any]) -> HypermobError:
    """Make an error again of what `stored` gave."""
    kind = ERRORS.get(document["code"], HypermobError)
    if issubclass(kind, InvalidInputError):
        return kind(*(FieldProblem(**problem) for problem in document["details"]["problems"]))
    return kind(**document["details"])
