"""The image, the compose file and the systemd unit keep what they promise: no root, fixed versions, no secret in them."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import CHECKOUT
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

UNIT = CHECKOUT / "ops" / "resolve-now.service"
FIXED_TAG = re.compile(r"^(python|postgres):\d+\.\d+(\.\d+)?(-slim)?-bookworm$")

#: Of the compose specification what this file uses, closed: a key that nobody knows is a mistake.
SERVICE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "image": {"type": "string"},
        "build": {"type": "string"},
        "restart": {"enum": ["unless-stopped", "always", "on-failure"]},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "secrets": {"type": "array", "items": {"type": "string"}},
        "volumes": {"type": "array", "items": {"type": "string"}},
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["condition"],
                "properties": {"condition": {"const": "service_healthy"}},
            },
        },
        "healthcheck": {
            "type": "object",
            "required": ["test"],
            "additionalProperties": False,
            "properties": {
                "test": {"type": "array"},
                "interval": {"type": "string"},
                "timeout": {"type": "string"},
                "retries": {"type": "integer"},
            },
        },
        "read_only": {"const": True},
        "tmpfs": {"type": "array"},
        "cap_drop": {"const": ["ALL"]},
        "security_opt": {"const": ["no-new-privileges:true"]},
        "stop_grace_period": {"type": "string", "pattern": r"^\d+s$"},
        "mem_limit": {"type": "string"},
        "pids_limit": {"type": "integer"},
    },
}
COMPOSE = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "secrets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "pattern": r"^\./secrets/"}},
            },
        },
        "volumes": {"type": "object"},
    },
}


def steps(file: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile and their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", "\n".join(line for line in file.read_text().split("\n") if not line.startswith("#")))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.split("\n") if line.strip()]


def test_the_image_is_built_in_two_steps_from_fixed_versions_and_the_lock() -> None:
    found = steps(CHECKOUT / "Dockerfile")
    bases = [rest.split(" ")[0] for word, rest in found if word == "FROM"]
    assert (2, []) == (len(bases), [base for base in bases if not FIXED_TAG.match(base)])
    assert "ADD" not in {word for word, _ in found}
    copied = " ".join(rest for word, rest in found if word == "COPY")
    (lock,) = re.findall(r"requirements/py\d+\.txt", copied)
    assert (CHECKOUT / lock).exists()
    installed = [rest for word, rest in found if word == "RUN" and "pip install" in rest and "--requirement" in rest]
    assert all(line.count("--require-hashes") == line.count("--requirement ") for line in installed)
    assert installed


def test_the_image_runs_as_nobody_in_particular_with_nothing_to_build_in_it() -> None:
    found = steps(CHECKOUT / "Dockerfile")
    last = found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]
    given = dict(last)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", given["USER"])
    after_user = last[[word for word, _ in last].index("USER") :]
    assert [] == [rest for word, rest in after_user if word in ("RUN", "COPY")]
    assert "gcc" not in " ".join(rest for _, rest in last)
    assert ('["resolve-now"]', '["run"]', "SIGTERM") == (given["ENTRYPOINT"], given["CMD"], given["STOPSIGNAL"])
    assert "/health/live" in given["HEALTHCHECK"]
    assert [] == re.findall(r"(?i)(?:password|token|secret)=\S", " ".join(rest for _, rest in found))


def test_nothing_that_is_not_the_program_goes_into_the_image() -> None:
    ignored = set((CHECKOUT / ".dockerignore").read_text().split("\n"))
    assert {".git", ".venv", "secrets", "*.sqlite*", "*.toml", "!pyproject.toml"} <= ignored


def test_the_compose_file_is_one_and_hands_secrets_over_as_files() -> None:
    made = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())
    Draft202012Validator(COMPOSE).validate(made)
    services = made["services"]
    named = {name for service in services.values() for name in service.get("secrets", ())}
    assert named == set(made["secrets"])
    for service in services.values():
        secret = {key: value for key, value in service["environment"].items() if re.search("PASSWORD|TOKEN|URL", key)}
        assert all(key.endswith("_FILE") and value.startswith("/run/secrets/") for key, value in secret.items())
        assert set(service["secrets"]) == {value.removeprefix("/run/secrets/") for value in secret.values()}
    assert FIXED_TAG.match(services["database"]["image"])
    ours = services["resolve-now"]
    assert (True, ["ALL"]) == (ours["read_only"], ours["cap_drop"])
    assert int(ours["stop_grace_period"].removesuffix("s")) > 10  # it stops by itself within ten
    kept = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]} - {"./config"}
    assert kept == set(made["volumes"])


def test_the_unit_takes_away_what_the_program_does_not_need() -> None:
    unit = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    service = unit["Service"]
    wanted = {
        "User": "resolve-now", "UMask": "0077", "StateDirectoryMode": "0700", "NoNewPrivileges": "yes",
        "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
        "CapabilityBoundingSet": "", "RestrictSUIDSGID": "yes", "LockPersonality": "yes", "KillSignal": "SIGTERM",
        "Restart": "on-failure",
    }  # fmt: skip
    assert wanted == {key: service[key] for key in wanted}
    assert int(service["TimeoutStopSec"]) > 10
    assert service["ExecStart"].endswith("/resolve-now run")


def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    there = tmp_path / UNIT.name
    there.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text()))
    ran = subprocess.run([analyze, "verify", "--man=no", str(there)], capture_output=True, text=True, check=False, timeout=60)
    said = [line for line in ran.stderr.split("\n") if UNIT.name in line or "Unknown" in line]
    assert [] == [line for line in said if "not found" not in line and "Failed to connect" not in line]
