"""Where everything must run, a test that skips itself has failed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import warm
from house import ROOT

SKIPS_ITSELF = "import pytest\n\ndef test_it() -> None:\n    pytest.skip('no such thing here')\n"
SKIPS_ITS_FILE = "import pytest\n\npytest.skip('no such thing here', allow_module_level=True)\n"
IS_MARKED = "import pytest\n\n@pytest.mark.skip(reason='no such thing here')\ndef test_it() -> None: ...\n"
PASSES = "def test_it() -> None: ...\n"


def run(folder: Path, text: str, *more: str, require_all: bool) -> int:
    """Runs one test file in a process of its own, with this project's conftest; returns the exit code."""
    (folder / "test_example.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "REQUIRE_ALL"))}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    if require_all:
        environment["REQUIRE_ALL"] = "1"
    options = ["-q", "-p", "conftest", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder), *more]
    command = [sys.executable, "-m", "pytest", *options, str(folder / "test_example.py")]
    return warm.Started(command, environment, folder / "out", folder / "out").wait(120)


@pytest.mark.parametrize("text", [SKIPS_ITSELF, IS_MARKED, SKIPS_ITS_FILE], ids=["by itself", "by a mark", "the whole file"])
def test_a_skip_fails_the_run_where_everything_must_run(tmp_path: Path, text: str) -> None:
    assert run(tmp_path, text, require_all=True) not in (0, 5)


def test_a_skip_is_fine_elsewhere(tmp_path: Path) -> None:
    assert 0 == run(tmp_path, SKIPS_ITSELF, require_all=False)


def test_what_passes_passes_where_everything_must_run(tmp_path: Path) -> None:
    assert 0 == run(tmp_path, PASSES, require_all=True)
