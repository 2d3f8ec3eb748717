"""`python -m bench.side_by_side`: plays this version and another with the same inputs, and lists every difference."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.side_by_side.comparing import EXPECTED, compare, report
from bench.versions import COMMIT, ROOT, check_out, environment

SEED = 20_261_122
PLAYS = ("demo", "histories", "walks")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="resolve-now-side-by-side-") as made:
        folder = Path(options.folder or made)
        before = check_out(options.commit, folder / "before")
        now = ROOT if options.now is None else check_out(options.now, folder / "now")
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
        found = [difference for play in options.plays for difference in compare(play, folder / "played")]
    sys.exit(report(found, EXPECTED))


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


def _play(play: str, checkout: Path, target: Path, numbers: Sequence[int]) -> None:
    """Plays in a process of its own, whose rooms are those of the checkout."""
    program = Path(__file__).with_name("playing.py")
    words = [sys.executable, "-P", str(program), play, str(target), *map(str, numbers)]
    if not target.exists():  # a folder that is kept may hold it from the last time
        subprocess.run(words, cwd=checkout, env=environment(checkout), check=True)


if __name__ == "__main__":
    main()
