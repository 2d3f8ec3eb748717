"""`python -m bench.side_by_side`: plays this version and another with the same inputs, and lists every difference."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from bench.side_by_side.rows import Key, rows_of

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "244fa3b"  # version 0.1.0
SEED = 20_261_122
PLAYS = ("demo", "histories", "walks")
SHOWN = 40  # of each table of each play; the rest is counted


@dataclass(frozen=True)
class Difference:
    """One value that is not the same, or a row that only one version has."""

    play: str
    table: str
    key: Key
    column: str
    before: object
    now: object

    def __str__(self) -> str:
        return f"{self.play}: {self.table} {self.key} {self.column}: {self.before!r} -> {self.now!r}"


@dataclass(frozen=True)
class Expected:
    """Differences that are meant, by patterns of play, table and column, and why."""

    play: str
    table: str
    column: str
    why: str

    def covers(self, found: Difference) -> bool:
        return fnmatch(found.play, self.play) and fnmatch(found.table, self.table) and fnmatch(found.column, self.column)


#: What is meant to differ from 0.1.0.
EXPECTED: Sequence[Expected] = ()


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="resolve-now-side-by-side-") as made:
        folder = Path(options.folder or made)
        before = _check_out(options.commit, folder / "before")
        now = ROOT if options.now is None else _check_out(options.now, folder / "now")
        shutil.rmtree(folder / "played" / "now", ignore_errors=True)
        print(f"{options.commit} against {options.now or 'this checkout'}: {', '.join(options.plays)}", flush=True)
        started = time.monotonic()
        numbers = {"demo": [], "histories": [options.histories, options.seed], "walks": [options.walks]}
        jobs = [(play, version, at) for play in options.plays for version, at in (("before", before), ("now", now))]
        with ThreadPoolExecutor(options.jobs) as pool:
            done = [pool.submit(_play, play, at, folder / "played" / version / play, numbers[play]) for play, version, at in jobs]
            for job in done:
                job.result()
        print(f"Played in {time.monotonic() - started:.0f} s.", flush=True)
        found = [difference for play in options.plays for difference in _compare(play, folder / "played")]
    sys.exit(_report(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make same", description=__doc__)
    parser.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    parser.add_argument("--now", help="a commit to take instead of this checkout as it lies here")
    parser.add_argument("--histories", type=int, default=2_000)
    parser.add_argument("--walks", type=int, default=40)
    parser.add_argument("--seed", type=int, default=SEED, help="of the histories")
    parser.add_argument("--plays", nargs="+", choices=PLAYS, default=PLAYS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", help="keep what was played here; what is already here of the other version is used again")
    return parser.parse_args()


def _check_out(commit: str, into: Path) -> Path:
    """The files of a commit, without git's own."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")
    return into


def _play(play: str, checkout: Path, target: Path, numbers: Sequence[int]) -> None:
    """Plays in a process of its own, whose rooms are those of the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RESOLVE_NOW_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(checkout), str(checkout / "tests")])
    program = Path(__file__).with_name("playing.py")
    words = [sys.executable, "-P", str(program), play, str(target), *map(str, numbers)]
    if not target.exists():  # a folder that is kept may hold it from the last time
        subprocess.run(words, cwd=checkout, env=environment, check=True)


def _compare(play: str, played: Path) -> Iterator[Difference]:
    before, now = played / "before" / play, played / "now" / play
    folders = {file.parent.relative_to(at) for at in (before, now) for file in at.rglob("*.sqlite")}
    count = 0
    for folder in sorted(folders):
        name = f"{play}/{folder}"
        old, new = rows_of(before / folder), rows_of(now / folder)
        count += sum(map(len, old.values()))
        for table in sorted({*old, *new}):
            yield from _of_table(name, table, dict(old.get(table, {})), dict(new.get(table, {})))
    for file in sorted(before.glob("*.txt")):
        for line in set(file.read_text().splitlines()) ^ set((now / file.name).read_text().splitlines()):
            yield Difference(play, "exit code", (file.name,), "code", line, None)
    print(f"{play}: {count} rows of {len(folders)} folders were compared.", flush=True)


def _of_table(play: str, table: str, old: dict[Key, object], new: dict[Key, object]) -> Iterator[Difference]:
    for key in sorted({*old, *new}, key=repr):
        before, now = old.get(key), new.get(key)
        if not isinstance(before, dict) or not isinstance(now, dict):
            yield Difference(play, table, key, "row", before, now)
            continue
        for column in before:
            if before[column] != now[column]:
                yield Difference(play, table, key, column, before[column], now[column])


def _report(found: Sequence[Difference]) -> int:
    """Prints the differences, those that are meant only as counts. Returns the exit code."""
    meant = [(difference, next((one for one in EXPECTED if one.covers(difference)), None)) for difference in found]
    for expected in EXPECTED:
        count = sum(one is expected for _, one in meant)
        print(f"{count} differences in {expected.table} {expected.column} ({expected.play}), as meant: {expected.why}")
    wrong = [difference for difference, one in meant if one is None]
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in wrong:
        groups.setdefault((difference.play, difference.table), []).append(difference)
    for (play, table), differences in groups.items():
        for difference in differences[:SHOWN]:
            print(difference)
        if len(differences) > SHOWN:
            print(f"... and {len(differences) - SHOWN} more in {play}: {table}")
    print(f"{len(wrong)} differences that are not meant." if wrong else "No differences but those that are meant.")
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
