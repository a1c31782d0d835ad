"""``make permissions``: what each type of resource needs of whoever deploys it.

CloudFormation publishes with each type which actions its handlers call. cfn-lint carries those
schemas; this takes from them the types that the templates hold, into ``infra/permissions.json``. A
test holds the deployment role against it. Runs in ``.venv-infra``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

INFRA = Path(__file__).parent
TEMPLATES = ("storage", "measure", "api")


def types() -> set[str]:
    """Types of the resources that the templates hold."""
    text = "".join((INFRA / f"{name}.yaml").read_text("utf-8") for name in TEMPLATES)
    return set(re.findall(r"^    Type: (AWS::\w+::\w+)$", text, re.M))


def published() -> dict[str, dict[str, list[str]]]:
    """Actions of the templates' types by handler: create, read, update, delete."""
    import cfnlint

    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    found: dict[str, dict[str, list[str]]] = {}
    wanted = types()
    for path in sorted((schemas / "resources").glob("*.json")):
        schema = json.loads(path.read_text("utf-8"))
        if schema.get("typeName") in wanted and "handlers" in schema:
            handlers = found.setdefault(schema["typeName"], {})
            for name, handler in schema["handlers"].items():
                if name != "list":
                    known = set(handlers.get(name, [])) | set(handler.get("permissions", []))
                    handlers[name] = sorted(known)
    return found


def dated() -> str:
    """When the schemas were published."""
    import cfnlint

    path = Path(cfnlint.__file__).parent / "data" / "schemas" / "version.json"
    return str(json.loads(path.read_text("utf-8"))["schema_date"])[:10]


if __name__ == "__main__":
    document = {
        "dated": dated(),
        "source": "CloudFormation's published resource schemas (handlers), by cfn-lint",
        "types": published(),
    }
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (INFRA / "permissions.json").write_text(text, "utf-8")
