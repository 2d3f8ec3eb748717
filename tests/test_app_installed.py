"""The wheel: it holds what git holds, and works beside packages that are called as our rooms are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from command_line import COMPANY
from house import ROOT, files, product, rooms

ROOMS = "resolve_now/rooms/"
HOSTILE = "raise RuntimeError('this is somebody else\\'s package, not a room')\n"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make release` builds it, with what is installed here and nothing from outside."""
    folder = tmp_path_factory.mktemp("dist")
    ran = subprocess.run(
        ["sh", "requirements/release", str(folder), sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 0 == ran.returncode, ran.stderr
    (made,) = folder.glob("resolve_now-*-py3-none-any.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh environment with the wheel, its dependencies, and a hostile package for each of our rooms."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    for room in rooms() - {"resolve_now"}:
        (packages / room).mkdir()
        (packages / room / "__init__.py").write_text(HOSTILE, encoding="utf-8")
    return folder


def run(installed: Path, *words: str) -> str:
    """What the installed command answers, started in a folder that knows nothing of the checkout."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("RESOLVE_NOW_", "PYTHON"))}
    ran = subprocess.run(
        [installed / "env" / "bin" / "resolve-now", *words], cwd=installed, env=ours, capture_output=True, text=True, check=False
    )
    assert (0, "") == (ran.returncode, ran.stderr), ran.stdout + ran.stderr
    return ran.stdout


def test_the_wheel_holds_exactly_what_git_holds_of_the_rooms(wheel: Path) -> None:
    ours = {name for name in files() if name.partition("/")[0] in rooms()}
    with zipfile.ZipFile(wheel) as opened:
        held = {name: opened.read(name) for name in opened.namelist() if ".dist-info/" not in name}
        about = {name.partition(".dist-info/")[2] for name in opened.namelist() if name not in held}
    assert {"resolve_now"} == {name.partition("/")[0] for name in held}
    assert {name: (ROOT / name).read_bytes() for name in ours} == {name.removeprefix(ROOMS): text for name, text in held.items()}
    assert "licenses/LICENSE" in about


def test_help_and_the_version_are_told_beside_hostile_packages(installed: Path) -> None:
    assert "reconcile" in run(installed, "--help")
    assert run(installed, "--version").startswith("resolve-now ")


def test_the_demo_of_the_wheel_plays_to_its_proof(installed: Path) -> None:
    tally = json.loads(run(installed, "demo", "--once", "--json", "--folder", str(installed / "demo")))
    assert (0, 0) == (tally["lost"], tally["doubled"])
    assert tally["payments"]


def test_the_wheel_has_the_migrations_and_the_maps(installed: Path) -> None:
    config = installed / "resolve-now.toml"
    config.write_text(COMPANY.format(id="acme", name="Acme", writes="off", temper="strict"), encoding="utf-8")
    migrated = json.loads(run(installed, "migrate", "--json"))
    versions = {Path(source.path).name.partition("_")[0] for source in product() if "migrations/versions/" in source.path}
    assert max(versions) == migrated["now"]
    assert "stripe-payments" in run(installed, "maps")
