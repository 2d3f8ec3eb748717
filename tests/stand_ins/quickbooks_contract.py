"""Intuit's own schema of its entities, held against everything the stand-in takes and gives.

The schema is closed: a key that Intuit does not know is a violation. Where the folder with it is absent, nothing is
checked; Preferences, payment methods and envelopes are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

FILE = Path(__file__).parents[2].parent / "shared" / "contracts" / "quickbooks" / "entities.schema.json"
ABSENT = "QuickBooks' schema is not in ../shared/contracts; put it there to check the stand-in against it"


def violations(body: Any, where: str) -> Iterator[str]:
    """A sentence for every entity or Fault anywhere in this body that breaks the schema; keys name the entities."""
    if isinstance(body, list):
        for line in body:
            yield from violations(line, where)
    if not isinstance(body, Mapping):
        return
    for name, value in body.items():
        if validator := _validators().get(name):
            for part in value if isinstance(value, list) else [value]:
                for error in validator.iter_errors(part):
                    yield f"{where}: {name} {'/'.join(map(str, error.absolute_path))}: {error.message}"
        else:
            yield from violations(value, where)


def entity_violations(entity: str, body: Any, where: str) -> Iterator[str]:
    """The same for a body that is one entity itself, as requests are."""
    yield from violations({entity: body}, where)


@cache
def _validators() -> Mapping[str, Draft202012Validator]:
    if not FILE.is_file():
        return {}
    schema = json.loads(FILE.read_text())
    names = ("Payment", "Invoice", "CreditMemo", "Customer", "Account", "CompanyInfo", "Fault")
    return {name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}) for name in names}
