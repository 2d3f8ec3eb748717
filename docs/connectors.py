"""Writes the tables of docs/connectors.md: what each connector says of itself, is tested for, and which causes it can show.

Run from the checkout: `PYTHONPATH=.:tests .venv/bin/python docs/connectors.py`. A test fails where the page is not up
to date. The text around the tables is written by hand.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from cause_scenes import EXPRESSIBLE
from cause_worlds import NAMES

import rules
from accounting.description import Connector
from accounting.registry import CONNECTORS
from receivables.diagnosis import Cause
from receivables.limits import Limit

PAGE = Path(__file__).with_suffix(".md")
BEGIN, END = "<!-- begin: written by docs/connectors.py -->", "<!-- end -->"
CONTRACT = Path(__file__).resolve().parent.parent / "tests" / "test_accounting_contract.py"
PEERS = CONTRACT.with_name("accounting_peers.py")

#: What is different about a package, in the words of the traits of `Peer`, and how a case then reads.
TRAITS = {
    "swallows": "takes it and leaves the rest on account",
    "one_invoice_per_receipt": "one receipt for each invoice",
    "moves_receipts": "says that it cannot, and changes nothing",
    "frees_receipts": "the receipt goes with it",
    "tells_who": "does not say who",
    "tells_deletions": "deletions leave no trace",
    "deletable_invoice": "a draft is deleted; what was issued is voided",
    "keeps_issued": "voided instead",
}
#: Traits that hold by default; the others are there only where a maker says so.
ON_BY_DEFAULT = frozenset({"moves_receipts", "frees_receipts", "tells_who", "tells_deletions"})


def tables() -> str:
    """The generated tables, in Markdown."""
    said = f"### What each connector says of itself\n\n{described_table()}"
    promised = f"### What every connector promises\n\n{contract_table()}"
    return f"{said}\n\n{promised}\n\n### Causes on each of the books\n\n{causes_table()}"


def described_table() -> str:
    """What an administrator must know of each package, from its description."""
    known = list(CONNECTORS.values())
    rows = {
        "": [connector.package for connector in known],
        "settings": [", ".join(f"`{key}`" for key in connector.table.model_fields if key != "kind") for connector in known],
        "how a company lets us in": [_let_in(connector) for connector in known],
        "calls at most": [_limits(connector) for connector in known],
        "reads on their way at once": [str(connector.traits.at_once) for connector in known],
        "writes in one dispatch": [str(connector.traits.orders_per_dispatch) for connector in known],
    }
    head, *lines = [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join([head, "| --- |" + " --- |" * len(known), *lines])


def _let_in(connector: Connector[Any]) -> str:
    return "by signing in there" if connector.provider else "by a password of ours" if connector.access else "nothing is needed"


def _limits(connector: Connector[Any]) -> str:
    """The limits where the settings say nothing else."""
    table = connector.table.model_construct(**{key: field.default for key, field in connector.table.model_fields.items()})
    limits = [*map(_limit, connector.limits(table))]
    limits += [_limit(limit) for allowed in connector.scarce.values() for limit in allowed]
    return ", ".join(limits) or "no limit"


def _limit(limit: Limit) -> str:
    if limit.name == "batch":
        return f"{limit.calls} batches a minute"
    return f"{limit.calls:,} a {limit.name}"


def contract_table() -> str:
    """The cases of the contract suite by connector; read from its source, so that nothing is run or served."""
    makers = _makers()
    lines = ["| case | " + " | ".join(f"`{name}`" for name in makers) + " |", "| --- |" + " --- |" * len(makers)]
    for function in ast.parse(CONTRACT.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
            asked = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)} & set(TRAITS)
            cells = [_cell(asked, given) for given in makers.values()]
            words = function.name.removeprefix("test_").replace("_", " ")
            lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(asked: set[str], given: dict[str, bool]) -> str:
    """A tick, with what is different about this package where the case asks for it."""
    different = [TRAITS[trait] for trait in sorted(asked) if _differs(trait, given)]
    return "✓" + (f" ({'; '.join(different)})" if different else "")


def _differs(trait: str, given: dict[str, bool]) -> bool:
    if trait == "deletable_invoice":
        return given.get("keeps_issued", False)
    return given.get(trait, trait in ON_BY_DEFAULT) is not (trait in ON_BY_DEFAULT)


def _makers() -> dict[str, dict[str, bool]]:
    """The makers of `MAKERS` in its order, each with the yes and no that it gives its `Peer`."""
    tree = ast.parse(PEERS.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    (listed,) = [
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "MAKERS"
    ]
    names = [maker.id for maker in getattr(listed, "elts", ()) if isinstance(maker, ast.Name)]
    return {name: _given(functions[name]) for name in names}


def _given(maker: ast.FunctionDef) -> dict[str, bool]:
    calls = [node for node in ast.walk(maker) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Peer"]
    return {
        keyword.arg: keyword.value.value
        for call in calls
        for keyword in call.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
    }


def causes_table() -> str:
    """Every cause by kind of books: played there, or why it cannot be."""
    lines = ["| cause | " + " | ".join(f"`{name}`" for name in NAMES) + " |", "| --- |" + " --- |" * len(NAMES)]
    for cause in Cause:
        reasons = EXPRESSIBLE.get(cause, {})
        lines.append(f"| {rules.title(cause)} | " + " | ".join(reasons.get(name, "✓") for name in NAMES) + " |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its generated part written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
