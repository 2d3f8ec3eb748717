"""Node.js clients of vendors' services, fetched once and kept out of the tree: the other half of `stand_ins/node`."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from house import ROOT

SOURCES = ROOT / "tests" / "stand_ins" / "node"
KEPT_IN = ROOT / "build"  # git ignores it
FETCHING_SECONDS, RUNNING_SECONDS = 60, 60
UNAVAILABLE = "The foreign Node.js clients cannot be run"  # how every reason to skip begins


class ClientsMissing(Exception):
    """They cannot be run here; the message says what is missing."""


def run(script: str, *arguments: str) -> Any:
    """Runs a script of `stand_ins/node` with its packages and returns the JSON it prints. Raises ClientsMissing."""
    node = shutil.which("node")
    packages = _packages()
    environment = {**os.environ, "NODE_PATH": str(packages / "node_modules"), "SCARF_ANALYTICS": "false"}
    done = subprocess.run(
        [str(node), str(SOURCES / script), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUNNING_SECONDS,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def _packages() -> Path:
    """The folder with the packages of the lock file, fetched at the first time. Raises ClientsMissing."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise ClientsMissing(f"{UNAVAILABLE}: node and npm are not installed (apt-get install nodejs npm)")
    lock = SOURCES / "package-lock.json"
    kept = KEPT_IN / f"node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if kept.is_dir():
        return kept
    KEPT_IN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT_IN, prefix="node-fetching-") as made:
        fetching = Path(made) / "packages"
        fetching.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, fetching)
        _fetch(fetching)
        with suppress(OSError):  # another worker was faster
            fetching.rename(kept)
    return kept


def _fetch(folder: Path) -> None:
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *patience]
    environment = {**os.environ, "SCARF_ANALYTICS": "false"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=FETCHING_SECONDS
        )
    except subprocess.TimeoutExpired as problem:
        raise ClientsMissing(f"{UNAVAILABLE}: npm did not fetch them within {FETCHING_SECONDS} seconds") from problem
    if done.returncode:
        codes = [line.split("code ")[-1] for line in done.stderr.splitlines() if " code " in line]
        assert not {"EUSAGE", "EINTEGRITY", "ETARGET"} & set(codes), done.stderr
        raise ClientsMissing(f"{UNAVAILABLE}: npm cannot reach its registry ({' '.join(codes) or done.returncode})")
