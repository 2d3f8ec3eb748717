"""Plays one kind of input in whatever checkout it is started in, and leaves the databases in a folder.

It is started by path, with another version's rooms and tests to import from: it may use only what both versions have.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

DEMO_COMMANDS = ("failures --all", "reconcile", "audit verify", "sync", "sync --dry-run")
OF_RARE = 60  # histories in a company of a kind that the plan has none of
DEMO_AT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def say(text: str) -> None:
    print(text, flush=True)


def histories(folder: Path, how_many: int, seed: int) -> None:
    """The generated histories of `bench.accuracy`, a folder for each company."""
    from bench.accuracy import playing  # noqa: PLC0415  # of the checkout that this process was started in
    from bench.accuracy.__main__ import _plan  # noqa: PLC0415

    class KeptFolders:
        """Stands where the generator makes a temporary folder, and keeps it."""

        place = folder

        @classmethod
        @contextmanager
        def TemporaryDirectory(cls, prefix: str = "") -> Iterator[str]:  # noqa: ARG003, N802
            cls.place.mkdir(parents=True)
            yield str(cls.place)

    vars(playing)["tempfile"] = KeptFolders
    plan = _plan(how_many, seed)
    rare = sorted(set(playing.SHARES) - {which for _, which, _ in plan})  # too few histories for every kind of company
    plan += [(seed * 10_000 + 9_000 + place, which, OF_RARE) for place, which in enumerate(rare)]
    for company_seed, which, of_them in plan:
        KeptFolders.place = folder / f"{company_seed}-{which}"
        started = time.monotonic()
        playing.play(company_seed, which, of_them)
        say(f"histories: company {company_seed} ({which}), {of_them} in {time.monotonic() - started:.0f} s")


def walks(folder: Path, how_many: int) -> None:
    """The random walk of the tests, a folder for each seed."""
    import test_sync_random  # noqa: PLC0415

    from storage.engine import Database  # noqa: PLC0415
    from storage.migrating import migrate  # noqa: PLC0415

    folder.mkdir(parents=True)
    empty = folder / "empty.sqlite"
    database = Database(f"sqlite:///{empty}")
    migrate(database)
    database.close()
    for seed in range(how_many):
        place = folder / str(seed)
        place.mkdir()
        shutil.copyfile(empty, place / "resolve-now.sqlite")
        test_sync_random._one_life(place, seed, Counter())
        if seed % 5 == 4:
            say(f"walks: seeds to {seed}")
    empty.unlink()


def demo(folder: Path) -> None:
    """The demo story, and a few commands in its folder afterwards; the exit codes are left in a file.

    Time stands still and moves only where the program sleeps, and ids count up, so that every machine tells the same story.
    """
    from app import clock, main  # noqa: PLC0415

    slept = [0.0]
    vars(time)["sleep"] = lambda seconds: slept.append(slept.pop() + seconds)
    for name, told in (("now", lambda _: DEMO_AT + timedelta(seconds=slept[0])), ("monotonic", lambda _: slept[0])):
        setattr(clock.SystemClock, name, told)
    counted = count(1)
    vars(clock)["RandomIds"].new = lambda _: f"{next(counted):026}"  # rows of the same moment are taken in the order of their ids

    def command(name: str, *words: str) -> int:
        sys.argv = ["resolve-now", *words, *(["--json"] if "audit" not in words else [])]
        with (folder / f"{name}.out").open("w") as file, redirect_stdout(file):
            try:
                main.main()
            except SystemExit as ended:
                return int(ended.code or 0)
        return 0

    folder.mkdir(parents=True)
    place = folder / "played"
    codes = {"demo": command("demo", "demo", "--once", f"--folder={place}")}
    say(f"demo: played, {slept[0]:.0f} s were slept")
    for words in DEMO_COMMANDS:
        slept[0] += 60
        codes[words] = command(words, "--config", str(place / "resolve-now.toml"), *words.split())
    (folder / "codes.txt").write_text("".join(f"{words}\t{code}\n" for words, code in codes.items()), encoding="utf-8")


if __name__ == "__main__":
    target, numbers = Path(sys.argv[2]), [int(number) for number in sys.argv[3:]]
    if sys.argv[1] == "histories":
        histories(target, numbers[0], numbers[1])
    elif sys.argv[1] == "walks":
        walks(target, numbers[0])
    else:
        demo(target)
