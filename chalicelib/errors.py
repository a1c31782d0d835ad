"""Every error that a client can see: its code, HTTP status, and words in English and Korean.

Raise these anywhere; ``app.py`` turns them into the answer's envelope, and the measure function
into its result. A message names what to do next and never carries internals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

Language = Literal["en", "ko"]
HeicLimit = Literal["deep_heic", "fine_heic"]
"""For what in it a HEIC photo may have fewer pixels than others."""
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

    def to_document(self) -> dict[str, Any]:
        """As JSON values, in both languages."""
        return {"field": self.field, "expected": {"en": self.expected_en, "ko": self.expected_ko}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> FieldProblem:
        """Make the problem again; words in one language, as a client gets them, stand for both."""
        words = document["expected"]
        if isinstance(words, str):
            words = dict.fromkeys(LANGUAGES, words)
        return cls(document["field"], words["en"], words["ko"])


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
        "서버에서 문제가 발생했습니다. 다시 시도해도 계속되면 request_id와 함께 문의해 주세요."
    )

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(f"{self.code}: {self.message('en')}")

    def __reduce__(self) -> tuple[Any, ...]:
        """An error crosses from one process to another as its document."""
        return error_from_document, (error_to_document(self),)

    def message(self, language: Language) -> str:
        """The message in ``language``, with its facts filled in."""
        return self._words(language).format(**self.details)

    def _words(self, language: Language) -> str:
        return self.ko if language == "ko" else self.en

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """``{"code", "message", ...details}`` as a client reads it."""
        return {"code": self.code, "message": self.message(language), **self.details}


class InvalidInputError(HypermobError):
    """A request with missing, wrong or impossible fields; names each one.

    Parameters
    ----------
    *problems
        The fields.
    fields
        The same as JSON values: the details of an error that is made again.
    """

    code = "INVALID_INPUT"
    status = 400
    en = "Some fields are not as expected: {listed}."
    ko = "올바르지 않은 항목이 있습니다: {listed}."

    def __init__(
        self, *problems: FieldProblem, fields: Iterable[Mapping[str, Any]] = (), **details: Any
    ) -> None:
        self.problems = (*problems, *map(FieldProblem.from_document, fields))
        super().__init__(fields=[problem.to_document() for problem in self.problems], **details)

    def message(self, language: Language) -> str:
        """The message in ``language``, naming every field and what was expected."""
        listed = "; ".join(f"{p.field}: {p.words(language)}" for p in self.problems)
        return self._words(language).format(listed=listed)

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """As the base, with ``fields`` in ``language``: ``[{"field", "expected"}]``."""
        fields = [{"field": p.field, "expected": p.words(language)} for p in self.problems]
        return super().to_dict(language) | {"fields": fields}


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


class MeasuringError(HypermobError):
    """Base of what only a call that measures a photo ends with."""


class BucketNotAllowedError(MeasuringError):
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


class ImageNotFoundError(MeasuringError):
    """The image URL is allowed, but nothing is stored there."""

    code = "IMAGE_NOT_FOUND"
    status = 404
    en = "No photo is stored at {field}. Upload it first (POST /uploads); photos are kept 7 days."
    ko = (
        "{field}에 저장된 사진이 없습니다. 먼저 POST /uploads로 올려 주세요. "
        "사진은 7일 동안 보관됩니다."
    )


class DeletedError(MeasuringError):
    """The measurement that was asked for has been deleted, perhaps while it was made."""

    code = "MEASUREMENT_DELETED"
    status = 410
    en = "This measurement was deleted. Upload the photo again, and use a new Idempotency-Key."
    ko = "삭제된 측정입니다. 사진을 다시 올리고 새로운 Idempotency-Key를 사용해 주세요."


class DriverDeletedError(HypermobError):
    """All settings of this driver were deleted; what comes late must not bring them back."""

    code = "DRIVER_DELETED"
    status = 410
    en = (
        "The settings of this driver were deleted, so nothing is stored for this user_id. If the "
        "driver wants to begin again, send start_anew: true with the next settings."
    )
    ko = (
        "이 운전자의 설정이 삭제되어 이 user_id로는 저장할 수 없습니다. 운전자가 다시 시작하려면 "
        "다음 설정에 start_anew: true를 함께 보내 주세요."
    )


class IdempotencyKeyReusedError(MeasuringError):
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
    ko = "이 주소에서 지원하지 않는 HTTP 메서드입니다."


class RequestTooLargeError(HypermobError):
    """A request body over the limit: photos travel by presigned upload, never in a request."""

    code = "REQUEST_TOO_LARGE"
    status = 413
    en = "The request body is too large. Send photos through POST /uploads, not in the body."
    ko = "요청 본문이 너무 큽니다. 사진은 본문이 아니라 POST /uploads로 올려 주세요."


class PhotoError(MeasuringError):
    """Base of what is wrong with one photo; ``field`` and ``path`` tell others from the first.

    ``where``, a list of `chalicelib.answers.Mark` as JSON values, shows it in the picture.
    """

    def message(self, language: Language) -> str:
        """The message in ``language``; names the photo where it is not the first."""
        which, index = self.details.get("path"), self.index
        if self._of_side_photo():
            which = {"en": "Side photo", "ko": "옆모습 사진"}[language]
        elif which is None and index is not None:
            which = {"en": f"Photo {index + 1}", "ko": f"{index + 1}번 사진"}[language]
        return (f"{which}: " if which else "") + super().message(language)

    @property
    def index(self) -> int | None:
        """Which of ``image_urls`` it speaks of, if of one of them."""
        found = re.fullmatch(r"image_urls\[(\d+)\]", str(self.details.get("field")))
        return int(found[1]) if found else None

    def _of_side_photo(self) -> bool:
        return self.details.get("field") == "side_image_url"


class ImageTooLargeError(PhotoError):
    """A photo over the limits in bytes or pixels."""

    code = "IMAGE_TOO_LARGE"
    status = 413
    en = "The photo is too large: at most {max_megabytes} MB and {max_megapixels} megapixels."
    ko = "사진이 너무 큽니다. 최대 {max_megabytes} MB, {max_megapixels} 메가픽셀까지 가능합니다."
    heic_en: ClassVar[Mapping[HeicLimit, str]] = {
        "deep_heic": "The photo is too large: HEIC with more than 8 bits a color may have at most "
        "{max_megapixels} megapixels. Have the camera store JPEG, or export the photo as JPEG.",
        "fine_heic": "The photo is too large: HEIC with transparency, with finer chroma than 4:2:0 "
        "or in gray may have at most {max_megapixels} megapixels. Export the photo as JPEG.",
    }
    heic_ko: ClassVar[Mapping[HeicLimit, str]] = {
        "deep_heic": "사진이 너무 큽니다. 색상당 8비트를 넘는 HEIC는 최대 {max_megapixels} "
        "메가픽셀까지 가능합니다. 카메라에서 JPEG로 저장하거나 사진을 JPEG로 내보내 주세요.",
        "fine_heic": "사진이 너무 큽니다. 투명도가 있거나, 색상이 4:2:0보다 세밀하거나, 흑백인 "
        "HEIC는 최대 {max_megapixels} 메가픽셀까지 가능합니다. 사진을 JPEG로 내보내 주세요.",
    }

    def _words(self, language: Language) -> str:
        limits: HeicLimit | None = self.details.get("limits")
        if limits is None:
            return super()._words(language)
        return (self.heic_ko if language == "ko" else self.heic_en)[limits]


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
    """A part of the body lies beyond the photo's edge, or touches it."""

    code = "BODY_CUT_OFF"
    en = (
        "Part of the body is outside the photo or touches its edge. Step back until there is "
        "room above the head and below both feet."
    )
    ko = (
        "몸의 일부가 사진 밖에 있거나 가장자리에 닿아 있습니다. 머리 위와 두 발 아래에 여유가 "
        "생기도록 더 멀리서 찍어 주세요."
    )


class PersonTooSmallError(PhotoRefusedError):
    """The person fills too few pixels."""

    code = "PERSON_TOO_SMALL"
    en = (
        "The person is too small in the photo. Come closer until the body fills most of it. If it "
        "does already, send the photo as the camera stored it, not a smaller copy."
    )
    ko = (
        "사진 속 사람이 너무 작습니다. 몸이 사진의 대부분을 채우도록 더 가까이에서 찍어 주세요. "
        "이미 그렇다면 크기를 줄인 사진이 아니라 카메라 원본을 보내 주세요."
    )


PoseReason = Literal[
    "turned_away",
    "from_behind",
    "not_from_the_side",
    "legs_hidden",
    "unclear",
    "leaning",
    "legs_bent",
    "legs_apart",
    "legs_crossed",
    "arms_bent",
    "arms_raised",
    "impossible_body",
]
"""Which check of a pose failed; `container/bodyscan/quality.py` and ``lengths.py`` have them."""


@dataclass(frozen=True)
class Advice:
    """What is wrong and what to do; ``side_...`` where a side photo needs other words."""

    en: str
    ko: str
    side_en: str = ""
    side_ko: str = ""

    def words(self, language: Language, *, side: bool) -> str:
        """The sentences in ``language``, for the side photo or for one from the front."""
        front, other = (self.ko, self.side_ko) if language == "ko" else (self.en, self.side_en)
        return (side and other) or front


POSE_ADVICE: Final[Mapping[PoseReason, Advice]] = {
    "turned_away": Advice(
        "The body is turned away from the camera. Face it with shoulders and hips. If the photo "
        "is meant to be from the side, send it as the side photo, beside one from the front.",
        "몸이 옆으로 돌아가 있습니다. 어깨와 골반이 카메라를 정면으로 향하게 서 주세요. "
        "옆모습을 찍은 사진이라면 정면 사진과 함께 옆모습 사진으로 보내 주세요.",
    ),
    "from_behind": Advice(
        "The photo shows the person from behind. Turn round and face the camera.",
        "뒤에서 찍은 사진입니다. 돌아서서 카메라를 정면으로 봐 주세요.",
    ),
    "not_from_the_side": Advice(
        "The body is not seen from the side. Turn until one shoulder hides the other.",
        "옆모습이 아닙니다. 한쪽 어깨가 다른 쪽 어깨를 가릴 때까지 몸을 옆으로 돌려 주세요.",
    ),
    "legs_hidden": Advice(
        "Clothes or something else hides the legs or feet. Take off a long coat, wear trousers or "
        "shorts instead of a long skirt, and stand where knees and feet can be seen.",
        "옷이나 다른 물체가 다리나 발을 가리고 있습니다. 긴 외투는 벗고 긴 치마 대신 바지를 입은 "
        "뒤, 무릎과 발이 보이는 곳에 서 주세요.",
    ),
    "unclear": Advice(
        "The body cannot be made out well. Take the photo in bright light, before a plain "
        "background, with nothing in front of the body and no text or sticker on the picture.",
        "몸이 또렷하게 보이지 않습니다. 밝은 곳의 단순한 배경 앞에서 몸을 가리는 것 없이 찍고, "
        "글자나 스티커를 넣지 않은 사진을 보내 주세요.",
    ),
    "leaning": Advice(
        "The body leans, or the photo is not upright. Stand upright, hold the phone upright, and "
        "turn a photo that lies on its side.",
        "몸이 기울었거나 사진이 똑바르지 않습니다. 똑바로 서고 휴대폰도 기울지 않게 세워 주세요. "
        "옆으로 누운 사진은 돌려서 보내 주세요.",
    ),
    "legs_bent": Advice(
        "A leg is bent, or one foot is a step ahead. Stand with both legs straight, feet side by "
        "side on the floor.",
        "다리를 구부렸거나 한 발이 앞으로 나와 있습니다. 두 다리를 곧게 펴고 두 발을 바닥에 "
        "나란히 두고 서 주세요.",
    ),
    "legs_apart": Advice(
        "The feet are too far apart. Stand with the feet as wide apart as the hips.",
        "두 발이 너무 벌어져 있습니다. 두 발을 골반 너비로 벌리고 서 주세요.",
        "The feet are a step apart. Stand with both feet side by side.",
        "두 발이 앞뒤로 벌어져 있습니다. 두 발을 나란히 두고 서 주세요.",
    ),
    "legs_crossed": Advice(
        "The legs are crossed, or one hides the other. Stand with the feet as wide apart as the "
        "hips.",
        "두 다리가 엇갈리거나 겹쳐 보입니다. 두 발을 골반 너비로 벌리고 서 주세요.",
    ),
    "arms_bent": Advice(
        "An arm is bent, hidden or points at the camera. Let both arms hang straight, a little "
        "away from the body, with both hands in view.",
        "팔을 구부렸거나, 팔이 가려졌거나 카메라 쪽을 향하고 있습니다. 두 팔을 몸에서 조금 떼어 "
        "곧게 내리고 두 손이 보이게 해 주세요.",
    ),
    "arms_raised": Advice(
        "An arm is raised. Let both arms hang straight, a little away from the body.",
        "팔이 올라가 있습니다. 두 팔을 몸에서 조금 떼어 곧게 내려 주세요.",
    ),
    "impossible_body": Advice(
        "Nobody of this height has such lengths. Check the height. Then take the photo again: "
        "upright, arms and legs straight, the phone level at chest height.",
        "이 키에서는 나올 수 없는 길이입니다. 키를 확인해 주세요. 그리고 팔다리를 곧게 펴고 "
        "똑바로 서서, 휴대폰을 가슴 높이에 수평으로 두고 다시 찍어 주세요.",
    ),
}


class PoseUnsuitableError(PhotoRefusedError):
    """A pose from which lengths cannot be measured; ``reason`` says why.

    Parameters
    ----------
    reason
        Which check failed. A reason that only a newer service knows gets words for any pose.
    **details
        As of `HypermobError`.
    """

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
        "This pose cannot be measured. Stand upright, seen exactly from the side, legs straight, "
        "arms down."
    )
    side_ko: ClassVar[str] = (
        "이 자세로는 측정할 수 없습니다. 정확히 옆모습이 보이도록 서서 다리를 곧게 펴고 팔을 "
        "내려 주세요."
    )

    def __init__(self, *, reason: PoseReason, **details: Any) -> None:
        super().__init__(reason=reason, **details)

    def _words(self, language: Language) -> str:
        any_pose = Advice(self.en, self.ko, self.side_en, self.side_ko)
        advice = POSE_ADVICE.get(self.details["reason"], any_pose)
        return advice.words(language, side=self._of_side_photo())


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
        "방화벽이 이 요청을 차단했습니다. 같은 주소에서 요청이 너무 많거나 공격으로 "
        "의심되는 내용이 있습니다. 5분 뒤 다시 시도해도 계속되면 request_id와 함께 문의해 주세요."
    )


class MeasureUnavailableError(MeasuringError):
    """The measure function could not be reached, or did not answer."""

    code = "MEASURE_UNAVAILABLE"
    status = 503
    retry_after_s = 10
    en = "Photos cannot be measured right now. Try again in a minute; nothing was lost."
    ko = "지금은 사진을 측정할 수 없습니다. 1분 뒤에 다시 시도해 주세요. 유실된 데이터는 없습니다."


class ServiceUnavailableError(HypermobError):
    """A part of the service cannot be reached."""

    code = "SERVICE_UNAVAILABLE"
    status = 503
    retry_after_s = 10
    en = "Unreachable: {parts}. Try again in a minute."
    ko = "다음에 연결할 수 없습니다: {parts}. 1분 뒤에 다시 시도해 주세요."


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


class GatewayTimeoutError(MeasuringError):
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
"""Every error by its code."""


def error_to_document(error: HypermobError) -> dict[str, Any]:
    """Write an error as JSON values: its code and its facts. Its words are added where it is read.

    Examples
    --------
    >>> error_to_document(ImageNotFoundError(field="image_url"))
    {'code': 'IMAGE_NOT_FOUND', 'details': {'field': 'image_url'}}
    """
    return {"code": error.code, "details": error.details}


def error_from_document(document: Mapping[str, Any]) -> HypermobError:
    """Make the error again that `error_to_document` wrote; a code of a later version is our own."""
    return ERRORS.get(document["code"], HypermobError)(**document["details"])
