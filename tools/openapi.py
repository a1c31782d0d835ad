"""``python -m tools.openapi``: write ``openapi.yml``, the API description that clients build on,
and the tables of routes, errors and reasons in ``docs/api.md``.

``--promise`` also keeps it as what clients of this version were promised: done at a release.
Later versions of the same number (0.1, 1) may add to a promise but not break it.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from chalicelib import VERSION
from chalicelib.errors import ERRORS, POSE_ADVICE, PoseUnsuitableError
from chalicelib.openapi import document
from infra.stage import REPOSITORY
from tools.document import replaced

WRITTEN = REPOSITORY / "openapi.yml"
GUIDE = REPOSITORY / "docs" / "api.md"
COMPATIBLE = VERSION.rpartition(".")[0] if VERSION.startswith("0.") else VERSION.partition(".")[0]
PROMISED = REPOSITORY / "tests" / "fixtures" / f"openapi-{COMPATIBLE}.yml"


class _Plain(yaml.SafeDumper):
    """Without anchors: a thing that is used twice is written twice, to be read by people."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never by reference."""
        return True


def as_yaml(description: Mapping[str, Any]) -> str:
    """Return a description as it is committed."""
    text: str = yaml.dump(description, Dumper=_Plain, sort_keys=False, allow_unicode=True)
    return text


def with_tables(guide: str) -> str:
    """Return the guide with its tables as the code has them now."""
    routes = [
        (f"`{method.upper()} {path}`", operation["summary"], "" if "security" in operation else "✓")
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]
    errors = [
        (
            f"`{code}`",
            str(error.status),
            "What its `reason` asks for: see below."
            if error is PoseUnsuitableError
            else re.sub(r"{\w+}", "…", error.en),
        )
        for code, error in sorted(ERRORS.items(), key=lambda each: (each[1].status, each[0]))
    ]
    reasons = [
        (
            f"`{reason}`",
            advice.en + (f" Of a side photo: {advice.side_en}" if advice.side_en else ""),
        )
        for reason, advice in POSE_ADVICE.items()
    ]
    tables: dict[str, list[tuple[str, ...]]] = {
        "routes": [("route", "does", "key"), *routes],
        "errors": [("code", "status", "the message says"), *errors],
        "reasons": [("reason", "the message says"), *reasons],
    }
    for name, (head, *rows) in tables.items():
        lines = [head, ("---",) * len(head), *rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        guide = replaced(guide, name, table)
    return guide


@dataclass(frozen=True)
class Field:
    """What a description says of one field, all its branches together."""

    required: bool
    kinds: frozenset[str]
    values: frozenset[Any] | None
    limits: tuple[float, float]
    pattern: str | None


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What a client of ``old`` would trip over in ``new``, one line each.

    A request may not demand more or take less; an answer may not lack what it had, nor hold other
    kinds of values. New routes, new optional fields and new values of an answer's field are fine:
    the description tells clients to expect them.
    """
    found = []
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            where = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                found.append(f"{where} is gone")
                continue
            if before.get("security") == [] and after.get("security") != []:
                found.append(f"{where} asks for a key")
            found += _narrower(where, _sent(before, old), _sent(after, new))
            for status, answer in before["responses"].items():
                if status not in after["responses"]:
                    found += [f"{where} never answers {status}"] if status < "4" else []
                    continue
                there = after["responses"][status]
                found += _poorer(f"{where} {status}", _body(answer, old), _body(there, new))
    return found


def _narrower(where: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[str]:
    known = {name.partition(".")[0] for name in old}
    for name, after in new.items():
        before = old.get(name)
        # What a type that is new itself demands, nobody is made to send.
        if after.required and name.partition(".")[0] in known and not (before and before.required):
            yield f"{where}: {name} is required"
        if before is None:
            continue
        fewer = after.values is not None and not (before.values or {None}) <= after.values
        tighter = after.limits[0] > before.limits[0] or after.limits[1] < before.limits[1]
        if fewer or tighter or not before.kinds <= after.kinds or before.pattern != after.pattern:
            yield f"{where}: {name} takes less"
    yield from (f"{where}: {name} is not read" for name in old.keys() - new.keys())


def _poorer(where: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[str]:
    for name, before in old.items():
        after = new.get(name)
        if after is None or (before.required and not after.required):
            yield f"{where}: {name} may be missing"
        elif not after.kinds <= before.kinds:
            yield f"{where}: {name} may be {', '.join(sorted(after.kinds - before.kinds))}"


def _sent(operation: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Field]:
    fields = _body(operation.get("requestBody", {}), whole, by_type=True)
    for each in operation["parameters"]:
        name = f"{each['in']} {each['name']}"
        needed = each.get("required", False)
        fields |= _fields(name, each["schema"], whole, by_type=True, required=needed)
    return fields


def _body(
    body: Mapping[str, Any], whole: Mapping[str, Any], *, by_type: bool = False
) -> dict[str, Field]:
    content = body.get("content", {})
    if not content:
        return {}
    return _fields("body", content["application/json"]["schema"], whole, by_type=by_type)


def _fields(
    name: str,
    schema: Mapping[str, Any],
    whole: Mapping[str, Any],
    *,
    by_type: bool,
    required: bool = True,
) -> dict[str, Field]:
    """Return a field and all below it, by their place.

    Below what may be one of several types, or with ``by_type`` everywhere, by the type's name: so
    that one more type that a request may have changes nothing for the others.
    """
    written = schema.get("anyOf", [schema])
    branches = [_resolved(each, whole) for each in written]
    values = [v for each in branches for v in each.get("enum", [each.get("const")])]
    of_values = [each for each in branches if each.get("type") != "null"]
    found = {
        name: Field(
            required,
            frozenset(kind for each in branches for kind in _kinds(each)),
            frozenset(values) if all("enum" in e or "const" in e for e in of_values) else None,
            (
                min(_limit(each, ("minimum", "minLength"), -math.inf) for each in of_values),
                max(_limit(each, ("maximum", "maxLength"), math.inf) for each in of_values),
            ),
            next((each["pattern"] for each in of_values if "pattern" in each), None),
        )
    }
    for branch, reference in zip(branches, written, strict=True):
        named = "$ref" in reference and (by_type or sum("$ref" in each for each in written) > 1)
        kind = reference["$ref"].rpartition("/")[2] if named else name
        for inner, below in branch.get("properties", {}).items():
            needed = inner in branch.get("required", ())
            found |= _fields(f"{kind}.{inner}", below, whole, by_type=by_type, required=needed)
        for inner in ("items", "additionalProperties"):
            if isinstance(branch.get(inner), Mapping):
                # A list may be empty: nobody has to send what is in it.
                found |= _fields(f"{name}[]", branch[inner], whole, by_type=by_type, required=False)
    return found


def _resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    resolved: Mapping[str, Any] = whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return resolved


def _kinds(branch: Mapping[str, Any]) -> set[str]:
    if "type" in branch:
        return {branch["type"]}
    if "enum" in branch or "const" in branch:
        return {"string" if isinstance(v, str) else "other" for v in branch.get("enum", [None])}
    return {"anything"}


def _limit(branch: Mapping[str, Any], names: tuple[str, str], otherwise: float) -> float:
    return next((branch[name] for name in names if name in branch), otherwise)


def main() -> int:
    """Write the description; with ``--promise`` also what it promises."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__)
    parser.add_argument("--promise", action="store_true", help=f"also write {PROMISED.name}")
    options = parser.parse_args()
    text = as_yaml(document())
    WRITTEN.write_text(text, "utf-8")
    GUIDE.write_text(with_tables(GUIDE.read_text("utf-8")), "utf-8")
    if options.promise:
        PROMISED.write_text(text, "utf-8")
        return 0
    broken = breaking_changes(yaml.safe_load(PROMISED.read_text("utf-8")), document())
    for change in broken:
        print(f"Breaks clients of {COMPATIBLE}: {change}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
