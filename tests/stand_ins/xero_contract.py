"""Xero's own description of its API, where it lies beside the checkout: every request and answer is held to it.

The description forgets what Xero's own examples show; a small overlay adds that, and nothing else is let pass: a key
that is not described is a violation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

FILE = Path(__file__).parents[2].parent / "shared" / "contracts" / "xero" / "accounting-openapi.json"
ABSENT = "Xero's contract is not in ../shared/contracts; put it there to check the stand-in for Xero against it"
needs_contract = pytest.mark.skipif(not FILE.is_file(), reason=ABSENT)

HOST, BASE = "https://api.xero.com", "/api.xro/2.0/"

NOT_LOOKED_AT = (401, 403, 429, 500)  # answered before anybody looks at what is asked

_ENVELOPE = {"Id": "string", "Status": "string", "ProviderName": "string", "DateTimeUTC": "string"}
_ENVELOPED = """Accounts Allocations BankTransactions Contacts CreditNotes HistoryRecords Invoices Organisations
    Overpayments Payments Prepayments""".split()
#: Keys that Xero's examples have and its schemas do not.
_IN_EXAMPLES_ONLY = {
    "Invoice": ("DateString", "DueDateString"),
    "CreditNote": ("DateString", "ID"),
    "Overpayment": ("DateString", "ID"),
    "Prepayment": ("DateString", "ID"),
    "BankTransaction": ("DateString",),
    "HistoryRecord": ("DateUTCString",),
}
_TAKEN_OFF = {  # the answer to deleting an allocation, as in the examples; the schema describes another
    "type": "object",
    "properties": {
        "AllocationId": {"type": "string", "format": "uuid"},
        "Date": {"type": "string"},
        "Invoice": {
            "type": "array",
            "items": {"type": "object", "properties": {"InvoiceID": {"type": "string", "format": "uuid"}}},
        },
        "IsDeleted": {"type": "boolean"},
    },
    "required": ["AllocationId", "IsDeleted"],
}


@cache
def description() -> OpenAPI | None:
    """The description with its overlay, read once for all tests; None where it is absent."""
    if not FILE.is_file():
        return None
    described = json.loads(FILE.read_text())
    schemas = described["components"]["schemas"]
    for name in _ENVELOPED:
        schemas[name]["properties"] |= {key: {"type": kind} for key, kind in _ENVELOPE.items()}
    for name, keys in _IN_EXAMPLES_ONLY.items():
        schemas[name]["properties"] |= {key: {"type": "string"} for key in keys}
    schemas["Element"]["additionalProperties"] = True  # it is the document that was sent, whatever its kind
    posted = described["paths"]["/Payments"]["post"]["requestBody"]["content"]["application/json"]
    posted["schema"] = {"anyOf": [posted["schema"], {"$ref": "#/components/schemas/Payments"}]}  # its example is a list
    for path, operations in described["paths"].items():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)  # the doors look at the access themselves
        if path.endswith("/Allocations/{AllocationID}"):
            operations["delete"]["responses"]["200"]["content"]["application/json"]["schema"] = _TAKEN_OFF
    return OpenAPI.from_dict(described, config=Config(spec_validator_cls=None, additional_properties_default_policy="forbid"))


class Checker:
    """Collects a sentence for each request and answer that is not as described. `on` False lets everything pass."""

    def __init__(self) -> None:
        self.on = True
        self.violations: list[str] = []

    def check(
        self, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes, answer: MockResponse
    ) -> None:
        api = description()
        if api is None or not self.on or answer.status_code in NOT_LOOKED_AT:
            return
        request = MockRequest(
            HOST,
            method.lower(),
            BASE + path,
            args=dict(query),
            headers=dict(headers),
            data=body or None,
            content_type=headers.get("content-type", "application/json").partition(";")[0],
        )
        try:
            api.validate_request(request)
        except OpenAPIError as problem:
            self._note("request", method, path, problem)
        if answer.status_code == 200 or (answer.status_code == 400 and method != "GET"):  # the others are not described
            try:
                api.validate_response(request, answer)
            except OpenAPIError as problem:
                self._note("answer", method, path, problem)

    def _note(self, what: str, method: str, path: str, problem: OpenAPIError) -> None:
        details = [str(problem)]
        cause = problem.__cause__
        while cause is not None:
            errors = getattr(cause, "schema_errors", ())
            details += [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors] or [
                str(cause)[:300]
            ]
            cause = cause.__cause__
        self.violations.append(f"{what} {method} {path}: " + "; ".join(details))
