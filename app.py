"""The doors of the house: every HTTP route, and what happens when a measurement is stored.

Each route is parse, call, answer; the work is done in ``chalicelib``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from chalice import Chalice, ConvertToMiddleware, Response
from chalice.app import S3Event

from chalicelib import VERSION, carfit, drivers, openapi, pages, plain_chalice
from chalicelib.carfit import vss
from chalicelib.contracts import (
    MAX_BODY_BYTES,
    MAX_PHOTO_BYTES,
    DriverPath,
    EstimateRequest,
    HealthQuery,
    MeasureHeaders,
    MeasureJob,
    Measurement,
    MeasurementPath,
    MeasureRequest,
    RecommendRequest,
    TellingHeaders,
    TellingRequest,
    TransferRequest,
    UploadRequest,
    parse,
    parse_recommend,
    to_metadata,
    validated,
)
from chalicelib.errors import (
    RequestTooLargeError,
    ServiceUnavailableError,
    preferred_language,
)
from chalicelib.http import JSON, Answer, add_envelope, add_preflight
from chalicelib.identity import Issuer
from chalicelib.measurement import lifecycle, results
from chalicelib.measurement.function import MeasureFunction
from chalicelib.recommending import check_vehicle, compare, recommend, recommend_measured, transfer
from chalicelib.settings import settings
from chalicelib.storage import (
    MEASUREMENT,
    RECOMMENDATION,
    RESULTS_PREFIX,
    UPLOAD_EXPIRES_S,
    ObjectAddress,
    Owner,
    Storage,
    event_objects,
    result_owner,
)
from chalicelib.telemetry import telemetry

POLL_AGAIN = {"Retry-After": "2"}
SAME_FOR_ALL = {"Cache-Control": "public, max-age=300"}
"""Headers of responses that depend only on the version, so that a CDN or browser may cache them."""

plain_chalice.say(settings())
app = Chalice(app_name="hypermob", configure_logs=False)
app.log = telemetry().log
app.register_middleware(ConvertToMiddleware(telemetry().watch))
answers = add_envelope(app, settings().cors_origins)


@cache
def storage() -> Storage:
    """Return the buckets, once per process."""
    return Storage(settings())


@cache
def measure_function() -> MeasureFunction:
    """Return the measure Lambda, once per process."""
    return MeasureFunction(settings())


@cache
def issuer() -> Issuer | None:
    """Return the issuer whose tokens prove who a user is, once per process; None: nobody does."""
    names = settings()
    return Issuer(names) if names.jwt_issuer else None


@cache
def car_fit_model() -> carfit.Model:
    """Return the car-fit model, once per process: the bundled one, or the one that is named."""
    names = settings()
    if not names.model_uri:
        return carfit.bundled_model()
    return downloaded_model(names.model_uri, names.model_sha256)


@cache
def downloaded_model(uri: str, sha256: str) -> carfit.Model:
    """Return a car-fit model of the models bucket, once per process."""
    return carfit.Model.from_bytes(storage().download_model(ObjectAddress.from_url(uri)), sha256)


def shadow_model() -> carfit.Model:
    """Return the car-fit model that answers unserved."""
    names = settings()
    return downloaded_model(names.shadow_model_uri, names.shadow_model_sha256)


@app.route("/health", methods=["GET", "HEAD"])
@answers
def health() -> dict[str, Any]:
    """Alive, and which versions; ``?deep=1`` also tries the buckets and the measure function."""
    asked = {"deep": (app.current_request.query_params or {}).get("deep")}
    deep = validated(HealthQuery, asked).deep == "1"
    if deep:
        parts = storage().unreachable()
        if not measure_function().is_reachable():
            parts.append("measure_function")
        if parts:
            raise ServiceUnavailableError(parts=", ".join(parts))
    return {"version": VERSION, "car_fit_model": car_fit_model().info, "deep": deep}


@app.route("/uploads", methods=["POST"], api_key_required=True)
@answers
def create_upload() -> dict[str, Any]:
    """Permit one photo to be uploaded straight to the images bucket."""
    request = parse(UploadRequest, body())
    prove(request.user_id)
    check_vehicle(request.vehicle)
    owner = Owner(request.user_id, lifecycle.new_measurement_id())
    address, form = storage().new_upload(owner, request.content_type, to_metadata(request))
    if request.height_cm is not None:
        lifecycle.note(storage(), owner, address.url)
    return {
        "measurement_id": owner.measurement_id,
        "image_url": address.url,
        "upload": form,
        "expires_in_s": UPLOAD_EXPIRES_S,
        "max_bytes": MAX_PHOTO_BYTES,
    }


@app.route("/measure", methods=["POST"], api_key_required=True)
@answers
def measure() -> Answer:
    """Photo and height in, lengths out."""
    return measure_photo()


@app.route("/fit", methods=["POST"], api_key_required=True)
@answers
def fit() -> Answer:
    """Photo and height in, settings out: measure, then recommend."""
    return measure_photo(then_recommend=True)


@app.route("/recommend", methods=["POST"], api_key_required=True)
@answers
def create_recommendation() -> dict[str, Any]:
    """Lengths in, settings out."""
    request = parse_recommend(body())
    tellings = told_by(request)
    answer = recommend(request, car_fit_model(), tellings)
    if settings().shadow_model_uri:
        compare(answer, lambda: recommend(request, shadow_model(), tellings))
    return answer


@app.route("/recommend/transfer", methods=["POST"], api_key_required=True)
@answers
def transfer_settings() -> dict[str, Any]:
    """Settings that a driver keeps in one car in, settings for another out."""
    request = parse(TransferRequest, body())
    return transfer(request, car_fit_model(), told_by(request))


@app.route("/drivers/{user_id}/settings", methods=["POST", "GET", "DELETE"], api_key_required=True)
@answers
def driver_settings(user_id: str) -> dict[str, Any]:
    """What a driver keeps: tell it, read all of it, or have all of it forgotten."""
    user_id = validated(DriverPath, {"user_id": user_id}).user_id
    prove(user_id)
    if app.current_request.method == "DELETE":
        drivers.delete(storage(), user_id)
        return {"deleted": True}
    if app.current_request.method == "GET":
        return drivers.told_by(storage(), user_id)
    request = parse(TellingRequest, body())
    named = {"Idempotency-Key": app.current_request.headers.get("idempotency-key")}
    key = validated(TellingHeaders, named).idempotency_key
    return drivers.tell(storage(), user_id, request, key)


@app.route("/vehicles", methods=["GET"], api_key_required=True)
@answers
def vehicles() -> dict[str, Any]:
    """List the catalogue, each figure with where it comes from."""
    return carfit.catalogue()


@app.route(
    "/measurements/{user_id}/{measurement_id}", methods=["GET", "DELETE"], api_key_required=True
)
@answers
def measurement(user_id: str, measurement_id: str) -> Answer:
    """One measurement: its state and numbers, or its end."""
    path = validated(MeasurementPath, {"user_id": user_id, "measurement_id": measurement_id})
    prove(path.user_id)
    owner = Owner(path.user_id, path.measurement_id)
    if app.current_request.method == "DELETE":
        storage().delete(owner)
        return Answer({"deleted": True})
    language = preferred_language(app.current_request.headers.get("accept-language"))
    state = results.state(storage(), owner, language, settings_for)
    return Answer(state, headers=POLL_AGAIN if state["state"] == "pending" else {})


@app.route("/", methods=["GET"])
def demo() -> Response:
    """Let a person try the product."""
    page = pages.page("index.html")
    uploads, images = storage().origins()
    return Response(page.html, headers=page.headers(uploads=uploads, images=images))


@app.route("/sw.js", methods=["GET"])
def service_worker() -> Response:
    """Let the page open without a network."""
    body, headers = pages.file("sw.js")
    return Response(body, headers=headers)


@app.route("/app.webmanifest", methods=["GET"])
def manifest() -> Response:
    """Let the page be put on a home screen."""
    body, headers = pages.file("app.webmanifest")
    return Response(body, headers=headers | SAME_FOR_ALL)


@app.route("/icon.svg", methods=["GET"])
def icon() -> Response:
    """Draw the page's icon."""
    body, headers = pages.file("icon.svg")
    return Response(body, headers=headers | SAME_FOR_ALL)


@app.route("/openapi.json", methods=["GET"])
def description() -> Response:
    """Describe this API for programs, as OpenAPI 3.1."""
    body = msgspec.json.encode(openapi.document()).decode()
    return Response(body, headers={"Content-Type": JSON, **SAME_FOR_ALL})


@app.route("/vss/overlay.vspec", methods=["GET"])
def vss_overlay() -> Response:
    """VSS overlay that declares the answers' ``vss_private`` signals."""
    body = vss.OVERLAY.read_text(encoding="utf-8")
    return Response(body, headers={"Content-Type": "text/plain; charset=utf-8"})


@app.route("/docs", methods=["GET"])
def docs() -> Response:
    """Describe this API for people."""
    page = pages.page("docs.html")
    return Response(page.html, headers=page.headers() | SAME_FOR_ALL)


@app.on_s3_event(
    bucket=settings().results_bucket,
    events=["s3:ObjectCreated:*"],
    prefix=RESULTS_PREFIX,
    suffix=MEASUREMENT,
)
def on_measurement_stored(event: S3Event) -> None:
    """Put the recommendation beside a measurement; a second delivery writes the same again."""
    for address, _ in event_objects(event.to_dict()):
        owner = result_owner(address.key)
        stored = storage().read_result(owner, MEASUREMENT) if owner else None
        if owner is None or stored is None:
            app.log.info("no measurement at the address of this event: deleted meanwhile")
            continue
        measurement = msgspec.convert(stored, Measurement)
        if measurement.segments.personal:
            continue  # of a habit nothing is kept but what was told: it is forgotten in one place
        found = settings_for(measurement)
        of = {"asked_at": lifecycle.asked_at_s(stored)}
        storage().write_result(owner, RECOMMENDATION, found | of)
        storage().sweep_if_deleted(owner)


add_preflight(app)


def settings_for(measurement: Measurement) -> dict[str, Any]:
    """Settings for a measured body, its driver's own where that was asked for."""
    segments = measurement.segments
    tellings = drivers.tellings(storage(), segments.user_id) if segments.personal else None
    return recommend_measured(segments, measurement.interval_95, car_fit_model(), tellings)


def told_by(
    request: RecommendRequest | EstimateRequest | TransferRequest,
) -> list[carfit.Telling] | None:
    """What the request's user told of own settings; None where the answer is to be anybody's."""
    if not request.personal:
        return None
    prove(request.user_id)
    return drivers.tellings(storage(), request.user_id)


def body() -> bytes:
    """Body of the current request, within its limit."""
    raw: bytes = app.current_request.raw_body or b""
    if len(raw) > MAX_BODY_BYTES:
        raise RequestTooLargeError(max_bytes=MAX_BODY_BYTES)
    return raw


def prove(user_id: str) -> None:
    """Where users prove who they are: refuse a caller who is not ``user_id``."""
    known = issuer()
    if known is not None:
        known.check(app.current_request.headers.get("authorization"), user_id)


def location(owner: Owner) -> str:
    """Address of a measurement, relative to that of POST /measure or /fit (RFC 9110, 10.2.2).

    So it is right below a stage, behind an own domain and behind a CDN, none of which the app sees.
    """
    return f"measurements/{owner.user_id}/{owner.measurement_id}"


def measure_photo(*, then_recommend: bool = False) -> Answer:
    """Measure the photo of the current request, or say where its result will be."""
    request = parse(MeasureRequest, body())
    prove(request.user_id)
    check_vehicle(request.vehicle)
    headers = app.current_request.headers
    images = [
        storage().allowed_image(url, request.user_id, request.front_field(index))
        for index, url in enumerate(request.front_urls)
    ]
    if request.side_image_url is not None:
        storage().allowed_image(request.side_image_url, request.user_id, "side_image_url")
    key = validated(
        MeasureHeaders, {"Idempotency-Key": headers.get("idempotency-key")}
    ).idempotency_key
    owner = Owner(request.user_id, lifecycle.measurement_id(request.user_id, images[0], key))
    job = MeasureJob(**msgspec.structs.asdict(request), measurement_id=owner.measurement_id)
    wait_s = lifecycle.wait_s(headers.get("prefer"), settings().measure_wait_s)
    ask = lifecycle.ask if key is None else lifecycle.ask_once
    result = ask(storage(), measure_function(), owner, job, wait_s)
    if result is None:
        return pending(owner)
    data = msgspec.to_builtins(result) | {"output_image_url": storage().overlay_url(owner)}
    if then_recommend:
        return Answer({"measurement": data, "recommendation": settings_for(result)})
    return Answer(data)


def pending(owner: Owner) -> Answer:
    """Answer 202: the result will be at ``Location``."""
    data = {"state": "pending", "measurement_id": owner.measurement_id, "user_id": owner.user_id}
    return Answer(data, status=202, headers={"Location": location(owner), **POLL_AGAIN})
