"""``python -m infra.chalice_live deploy ...``: Chalice's command, whose REST API calls an alias.

As Chalice 1.34 is, an API calls its function's newest code, so that a deployment is for all callers
at once and has no way back. Here the API calls the alias `LIVE`, which `infra.deploy` shifts.
"""

from typing import Any, Final

from chalice.cli import main
from chalice.deploy.planner import StringFormat
from chalice.deploy.swagger import TemplatedSwaggerGenerator

LIVE: Final = "live"
FUNCTION: Final = "{api_handler_lambda_arn}"

_address = TemplatedSwaggerGenerator._uri


def _address_of_alias(generator: Any, lambda_arn: Any = None) -> Any:
    address = _address(generator, lambda_arn)
    template = address.template.replace(FUNCTION, f"{FUNCTION}:{LIVE}")
    return StringFormat(template, address.variables)


TemplatedSwaggerGenerator._uri = _address_of_alias

if __name__ == "__main__":
    main()
