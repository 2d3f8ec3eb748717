"""Memory of a process that runs for months."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from app import memory


def test_threads_share_what_is_freed_wherever_the_c_library_can() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from app import memory; print(memory.share_what_is_freed())"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [str(platform.libc_ver()[0] == "glibc")] == told.stdout.split(), told.stderr


def test_a_c_library_without_mallopt_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

    assert memory.share_what_is_freed() is False
