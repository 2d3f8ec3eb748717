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


#: Of Intuit's own XSD (Finance.xsd), what these have beside what every transaction has; the file leaves them out.
_MORE: Mapping[str, Mapping[str, Any]] = {
    "JournalEntry": {"Adjustment": {"type": "boolean"}, "TotalAmt": {"type": "number"}, "HomeTotalAmt": {"type": "number"}},
    "Purchase": {
        "AccountRef": {"$ref": "#/$defs/ReferenceType"},
        "EntityRef": {"$ref": "#/$defs/ReferenceType"},
        "PaymentType": {"enum": ["Cash", "Check", "CreditCard"]},
        "PaymentRefNum": {"type": "string"},
        "Credit": {"type": "boolean"},
        "TotalAmt": {"type": "number"},
    },
    "Deposit": {"DepositToAccountRef": {"$ref": "#/$defs/ReferenceType"}, "TotalAmt": {"type": "number"}},
    "RefundReceipt": {},
}
_OF_PAYMENT = "Customer RemitTo ARAccount DepositToAccount PaymentMethod".split()


def _not_in_the_file(known: Mapping[str, Any]) -> dict[str, Any]:
    """Their schemas, closed as the others are: the fields of every transaction, and their own."""
    own = {"PaymentRefNum", "PaymentType", "CheckPayment", "CreditCardPayment", "TotalAmt", "UnappliedAmt", "ProcessPayment"}
    own |= {"PaymentEx", *(f"{name}Ref" for name in _OF_PAYMENT)}
    of_all = {name: field for name, field in known["Payment"]["properties"].items() if name not in own}
    return {
        name: {"type": "object", "properties": of_all | dict(fields), "additionalProperties": False}
        for name, fields in _MORE.items()
        if name not in known
    }


@cache
def _validators() -> Mapping[str, Draft202012Validator]:
    if not FILE.is_file():
        return {}
    schema = json.loads(FILE.read_text())
    schema["$defs"] |= _not_in_the_file(schema["$defs"])
    names = ("Payment", "Invoice", "CreditMemo", "Customer", "Account", "CompanyInfo", "Fault", *_MORE)
    return {name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}) for name in names}
