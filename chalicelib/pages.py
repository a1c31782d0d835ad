"""The pages that people see: each one document with its style and script inside, under a policy
that lets nothing else run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).with_name("web")
_STYLE = re.compile(r'<link rel="stylesheet" href="([\w./]+\.css)">')
_SCRIPT = re.compile(r'<script src="([\w./]+)"></script>')

PERMISSIONS: Final = (
    "camera=(self), accelerometer=(self), gyroscope=(self), magnetometer=(self), "
    "microphone=(), geolocation=()"
)
"""What the page asks a person for: the camera, and the phone's tilt."""
_FILES: Final = {
    "sw.js": "text/javascript; charset=utf-8",
    "app.webmanifest": "application/manifest+json",
    "icon.svg": "image/svg+xml",
}
"""What a browser fetches beside the page, to open it without a network and from the home screen."""


@dataclass(frozen=True)
class Page:
    """A page, and the hashes by which its own styles and scripts are known."""

    html: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]

    def headers(self, *, uploads: str = "", images: str = "") -> dict[str, str]:
        """Headers of the answer; ``uploads`` and ``images`` are origins that the page may use."""
        policy = {
            "default-src": "'none'",
            "script-src": " ".join(self.scripts),
            "style-src": " ".join(self.styles),
            # The report takes the overlay into itself, so it reads it again.
            "connect-src": " ".join(filter(None, ("'self'", uploads, images))),
            "img-src": f"'self' blob: data: {images}",
            "manifest-src": "'self'",
            "worker-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        return {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": "; ".join(
                f"{name} {sources.strip()}" for name, sources in policy.items()
            ),
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": PERMISSIONS,
        }


@cache
def page(name: str) -> Page:
    """Read a page of ``web/`` and put what it links to inside, and its `version`."""
    html, styles, scripts = _assembled(name)
    return Page(html.replace('data-version=""', f'data-version="{version()}"', 1), styles, scripts)


@cache
def version() -> str:
    """Version of what a browser keeps of the page: another one where anything of it has changed."""
    files = [(WEB / name).read_text("utf-8") for name in sorted(_FILES)]
    return hashlib.sha256("".join([_assembled("index.html")[0], *files]).encode()).hexdigest()[:16]


@cache
def _assembled(name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    html, styles = _inside((WEB / name).read_text("utf-8"), _STYLE, "style")
    html, scripts = _inside(html, _SCRIPT, "script")
    return html, styles, scripts


def _inside(html: str, link: re.Pattern[str], tag: str) -> tuple[str, tuple[str, ...]]:
    hashes = []

    def content(found: re.Match[str]) -> str:
        text = (WEB / found[1]).read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes.append(f"'sha256-{digest}'")
        return f"<{tag}>{text}</{tag}>"

    return link.sub(content, html), tuple(hashes)


@cache
def file(name: str) -> tuple[str, dict[str, str]]:
    """One of the few files beside the page: its text and headers."""
    headers = {"Content-Type": _FILES[name], "Content-Security-Policy": "default-src 'none'"}
    text = (WEB / name).read_text("utf-8")
    if name == "sw.js":
        # What a service worker fetches falls under its own policy, and it has to be new at once.
        headers["Content-Security-Policy"] += "; connect-src 'self'"
        headers["Cache-Control"] = "no-cache"
        text = text.replace('VERSION = ""', f'VERSION = "{version()}"', 1)
    return text, headers
