"""Users prove who they are by tokens of a local OIDC issuer, on the routes that name a user."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from werkzeug.wrappers import Request, Response

from chalicelib.errors import ServiceUnavailableError
from chalicelib.identity import Issuer
from chalicelib.settings import Settings, settings
from local.server import Server, bind
from tests.functional.test_measure import GUIDE

ID = "0123456789abcdef" * 2
UPLOAD = {"user_id": "kim", "content_type": "image/jpeg"}


class LocalIssuer:
    """Serves its discovery document and its keys, and makes tokens."""

    def __init__(self) -> None:
        self.key: Any = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
        self.document: Any = None
        self.asked: list[str] = []
        self.server = Server(self._respond, bind(0))

    def _respond(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        document: Any = {"jwks_uri": f"{self.server.url}/keys"}
        if request.path == "/keys":
            document = self.document or KeySet([self.key]).as_dict(private=False)
        answer = Response(json.dumps(document), content_type="application/json")
        return answer(environ, start_response)

    def token(self, key: Any = None, kid: str = "1", alg: str = "RS256", **changes: Any) -> str:
        claims = {
            "iss": self.server.url,
            "aud": "car",
            "sub": "kim",
            "exp": int(time.time()) + 600,
            **changes,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": kid}, present, key or self.key, [alg])


@pytest.fixture
def issuer(api: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIssuer]:
    import app as house  # not before its environment is set

    made = LocalIssuer()
    monkeypatch.setenv("JWT_ISSUER", made.server.url)
    monkeypatch.setenv("JWT_AUDIENCE", "car")
    settings.cache_clear()
    house.issuer.cache_clear()
    yield made
    monkeypatch.undo()
    settings.cache_clear()
    house.issuer.cache_clear()
    made.server.stop()


def refused(api: Any, token: str | None, body: Any = UPLOAD) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    status, answer = api.call("POST", "/uploads", body, **headers)
    return status, answer.get("error", {}).get("code")


def test_a_users_own_token_is_let_through_on_every_route(api: Any, issuer: LocalIssuer) -> None:
    bearer = {"Authorization": f"Bearer {issuer.token(sub='test_user')}"}
    upload = {**UPLOAD, "user_id": "test_user"}
    assert api.call("POST", "/uploads", upload, **bearer)[0] == 200
    assert api.call("POST", "/measure", GUIDE, **bearer)[0] == 404  # no such photo
    assert api.call("GET", f"/measurements/test_user/{ID}", **bearer)[0] == 404
    assert api.call("DELETE", f"/measurements/test_user/{ID}", **bearer)[0] == 200
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"], "fetched once"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/uploads", {**UPLOAD, "user_id": "lee"}),
        ("POST", "/measure", {**GUIDE, "user_id": "lee"}),
        ("POST", "/fit", {**GUIDE, "user_id": "lee"}),
        ("GET", f"/measurements/lee/{ID}", None),
        ("DELETE", f"/measurements/lee/{ID}", None),
    ],
)
def test_nobody_speaks_for_another_user(
    api: Any, issuer: LocalIssuer, method: str, path: str, body: Any
) -> None:
    status, answer = api.call(method, path, body, Authorization=f"Bearer {issuer.token()}")
    assert (status, answer["error"]["code"]) == (403, "USER_NOT_ALLOWED")
    response = api.send(method, path, body)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": int(time.time()) - 600},
        {"exp": None},
        {"nbf": int(time.time()) + 6000},
    ],
)
def test_a_token_that_is_not_for_here_and_now_is_refused(
    api: Any, issuer: LocalIssuer, changes: dict[str, Any]
) -> None:
    assert refused(api, issuer.token()) == (200, None)
    assert refused(api, issuer.token(**changes)) == (401, "UNAUTHORIZED")


def test_a_token_of_another_signature_is_refused(api: Any, issuer: LocalIssuer) -> None:
    other = RSAKey.generate_key(2048, {"kid": "1"}, private=True)
    assert refused(api, issuer.token(other)) == (401, "UNAUTHORIZED")
    # Signed with the public key as if it were a shared secret, or with nothing.
    head, claims, signature = issuer.token().split(".")
    shared = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"1"}').rstrip(b"=")
    public = issuer.key.as_pem(private=False)
    made = hmac.digest(public, shared + b"." + claims.encode(), "sha256")
    mixed = b".".join((shared, claims.encode(), base64.urlsafe_b64encode(made).rstrip(b"=")))
    assert refused(api, mixed.decode()) == (401, "UNAUTHORIZED")
    assert refused(api, f"{head}.{claims}.") == (401, "UNAUTHORIZED")
    assert refused(api, f"eyJhbGciOiJub25lIn0.{claims}.") == (401, "UNAUTHORIZED")
    assert refused(api, f"{head}.{claims}.{signature[::-1]}") == (401, "UNAUTHORIZED")
    for broken in ("", "x", "a.b.c", "é", " "):
        assert refused(api, broken) == (401, "UNAUTHORIZED")


def test_a_new_key_of_the_issuer_is_fetched_but_not_for_every_stranger(
    api: Any, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(api, issuer.token()) == (200, None)
    issuer.key = ECKey.generate_key("P-256", {"kid": "2"}, private=True)
    token = issuer.token(kid="2", alg="ES256")
    for _ in range(3):
        assert refused(api, token) == (401, "UNAUTHORIZED")
    assert issuer.asked.count("/keys") == 1
    monkeypatch.setattr("chalicelib.identity.FRESH_S", -1)
    assert refused(api, token) == (200, None)


def test_a_key_that_the_issuer_has_withdrawn_counts_no_longer_than_an_hour(
    api: Any, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token()
    assert refused(api, token) == (200, None)
    issuer.key = RSAKey.generate_key(2048, {"kid": "2"}, private=True)
    assert refused(api, token) == (200, None)
    monkeypatch.setattr("chalicelib.identity.KEPT_S", -1)
    assert refused(api, token) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "document", [{"keys": 5}, ["x"], {"error": "no"}, {"keys": [{"kty": "RSA"}]}]
)
def test_an_issuer_without_keys_that_can_be_read_is_said(
    api: Any, issuer: LocalIssuer, document: Any
) -> None:
    issuer.document = document
    assert refused(api, issuer.token()) == (503, ServiceUnavailableError.code)


def test_cognitos_access_tokens_name_their_client(api: Any, issuer: LocalIssuer) -> None:
    assert refused(api, issuer.token(aud=None, client_id="car")) == (200, None)
    assert refused(api, issuer.token(aud=None, client_id="another")) == (401, "UNAUTHORIZED")


def test_an_issuer_out_of_reach_is_said(api: Any, issuer: LocalIssuer) -> None:
    token = issuer.token()
    issuer.server.stop()
    assert refused(api, token) == (503, ServiceUnavailableError.code)


def test_an_issuer_without_tls_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_ISSUER", "http://issuer.example")
    with pytest.raises(ValueError, match="no https"):
        Issuer(Settings.from_environment())


def test_an_issuer_needs_an_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_ISSUER", "https://issuer.example")
    with pytest.raises(ValueError, match="JWT_AUDIENCE"):
        Issuer(Settings.from_environment())


def test_without_an_issuer_the_clients_word_counts(api: Any) -> None:
    assert refused(api, None) == (200, None)


def test_nobody_tells_or_uses_another_drivers_settings(api: Any, issuer: LocalIssuer) -> None:
    from chalicelib import openapi

    bearer = {"Authorization": f"Bearer {issuer.token(sub='lee')}"}
    path = "/drivers/kim/settings"
    for method, body in (("POST", openapi.TELLING_REQUEST), ("GET", None), ("DELETE", None)):
        status, answer = api.call(method, path, body, **bearer)
        assert (status, answer["error"]["code"]) == (403, "USER_NOT_ALLOWED")
    own = openapi.LENGTHS_REQUEST | {"user_id": "kim", "personal": True}
    assert api.call("POST", "/recommend", own, **bearer)[0] == 403
    assert api.call("POST", "/recommend", own | {"personal": False}, **bearer)[0] == 200
