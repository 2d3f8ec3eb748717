"""A connector is one folder that describes itself: the rest of the house names no package, and loads what a company needs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from house import ROOT, Source, product

from accounting.description import Connector
from accounting.registry import CONNECTORS
from app.settings_messages import KEYS

PACKAGE = re.compile(r"quickbooks|xero|tryton", re.IGNORECASE)
ROOMS = frozenset("app bot feeds rules storage sync workspace".split())
#: Files that name a package, and why.
NAMING = {
    "app/commands/connections.py": "the help of an option says which package's sign-in opens several organizations",
    "app/commands/service.py": "the demo can play on a real Tryton, and its option says so",
    "app/demo/embedded.py": "a visitor is told which package the demo's books behave like",
}
PRACTICE = "app/demo/tryton/"  # a real Tryton for the demo: started, set up and worked in
#: Loaded only where a company's books are reached over HTTP.
HEAVY = ("httpx2", "authlib", "simplejson", "accounting.calling", "accounting.oauth")


def naming_a_package(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if PACKAGE.search(line):
            yield f"{source.path}:{number}: {line.strip()}"


def kind_of(connector: Connector[Any]) -> str:
    (kind,) = get_args(connector.table.model_fields["kind"].annotation)
    return str(kind)


@pytest.mark.parametrize("text", ["from accounting.xero import connector\n", 'kind = "quickbooks"\n', "class TrytonThing: ...\n"])
def test_a_package_named_elsewhere_is_caught(text: str) -> None:
    assert [] != list(naming_a_package(Source("sync/example.py", text)))


def test_only_the_listed_files_name_a_package() -> None:
    asked = [source for source in product() if source.room in ROOMS and not source.path.startswith(PRACTICE)]
    assert set(NAMING) == {source.path for source in asked if list(naming_a_package(source))}


def test_every_folder_with_a_connector_is_registered_under_its_name() -> None:
    folders = {path.parent.name for path in (ROOT / "accounting").glob("*/connector.py")}
    assert {folder: folder for folder in folders} == {folder: kind_of(known) for folder, known in CONNECTORS.items()}


@pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS)
def test_what_a_description_says_fits_together(connector: Connector[Any]) -> None:
    provider, keys = connector.provider, set(connector.table.model_fields)
    if provider:
        assert (connector.package, kind_of(connector), None) == (provider.package, provider.kind, connector.access)
    assert set() == keys & set(connector.secrets)
    assert keys <= set(KEYS)


def test_nothing_of_a_package_is_loaded_before_a_company_needs_it() -> None:
    asks = "import app.connecting, app.doctor, sys; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.split())
    of_packages = {name for name in loaded if re.fullmatch(r"accounting\.[a-z]+\..+", name)}
    assert {f"accounting.{folder}.description" for folder in CONNECTORS} == of_packages
    assert set() == loaded & set(HEAVY)
