"""Who a user is: proven by a token of an OIDC issuer (Cognito, or any other), where one is set.

Without ``JWT_ISSUER`` a ``user_id`` is the word of the client, for which its back end vouches.
joserfc checks the tokens; it ships only where it is used (``requirements-jwt.txt``).
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.errors import ServiceUnavailableError, UnauthorizedError, UserNotAllowedError

if TYPE_CHECKING:
    from chalicelib.settings import Settings

ALGORITHMS = ("RS256", "PS256", "ES256")
"""Signatures that are taken: none of a shared secret, which a key of ours could be mistaken for."""
LEEWAY_S = 60
"""How far an issuer's clock may be from ours."""
TIMEOUT_S = 3
FRESH_S = 60
"""How long after keys were fetched an unknown one is not looked for again."""
KEPT_S = 3600
"""How long keys are kept: one that the issuer has withdrawn counts no longer than this."""


class Issuer:
    """The issuer that the settings name, and its keys, fetched once an hour.

    Raises
    ------
    ValueError
        The issuer is not an ``https`` address (``http`` is, on this machine), or no audience is
        named: then a token for any other application would count.
    """

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._claim = settings.jwt_user_claim
        address = urlsplit(self._issuer)
        if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError(f"JWT_ISSUER is no https address: {self._issuer}")
        if not self._audience:
            raise ValueError("JWT_ISSUER needs JWT_AUDIENCE, the client's id at the issuer.")
        self._keys: Any = None
        self._fetched_at = float("-inf")

    def check(self, authorization: str | None, user_id: str) -> None:
        """Return when the ``Authorization`` header proves that the caller is ``user_id``.

        Raises
        ------
        UnauthorizedError
            No token, or none that this issuer made for this audience and that is valid now.
        UserNotAllowedError
            It is another user's.
        ServiceUnavailableError
            The issuer's keys cannot be had.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthorizedError
        if self._claims(token.strip()).get(self._claim) != user_id:
            raise UserNotAllowedError

    def _claims(self, token: str) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                decoded = jwt.decode(token, self._known_keys(), list(ALGORITHMS))
            except InvalidKeyIdError:  # the issuer may have a new one
                decoded = jwt.decode(token, self._known_keys(again=True), list(ALGORITHMS))
            claims: dict[str, Any] = decoded.claims
            registry = jwt.JWTClaimsRegistry(
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._issuer},
                exp={"essential": True},
            )
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise UnauthorizedError from error
        # Cognito's access tokens name their client elsewhere.
        audience = claims.get("aud", claims.get("client_id"))
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthorizedError
        return claims

    def _known_keys(self, *, again: bool = False) -> Any:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        if time.monotonic() > self._fetched_at + (FRESH_S if again else KEPT_S):
            about = _fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                self._keys = KeySet.import_key_set(_fetch(about["jwks_uri"]))
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise ServiceUnavailableError(parts="token_issuer") from error
            self._fetched_at = time.monotonic()
        return self._keys


def _fetch(url: str) -> Any:
    import urllib3  # which the SDK brings

    try:
        answer = urllib3.request("GET", url, timeout=TIMEOUT_S, retries=False)
        if answer.status != 200:
            raise ValueError(f"{url} answered {answer.status}")
        return answer.json()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise ServiceUnavailableError(parts="token_issuer") from error
