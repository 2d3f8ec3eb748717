"""`python -m bench.scale`: several schedulers and workers on one PostgreSQL, killed and frozen; how fast, how fair, how large.

Each process is one of the operating system. The books are embedded ones, a file for each company, whose every call takes
50 ms; they write down who calls. Receipts are counted in those files by their markers. Version 0.1.0 plays beside, where it
can: it has no workers, so it stands there with `run` processes, which is all it knows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import private_postgres
from machines import Machine, Machines, machines
from private_postgres import Cluster
from templates import migrate_at

from bench.versions import COMMIT, ROOT, check_out, environment

RESULTS = Path(__file__).with_name("results") / "scale.json"
CALL_SECONDS = 0.05
SLOW_CALL_SECONDS = 60
STALLED_SECONDS = 5.0
PATIENCE_SECONDS = 900
BEFORE_SECONDS = 60  # that long 0.1.0 has to start a sync of each company
TURNS = """
CREATE TABLE handed_out (company text, slot text, turn integer);
CREATE FUNCTION keep_turn() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO handed_out VALUES (NEW.company, NEW.slot, NEW.turn); RETURN NEW; END $$;
CREATE TRIGGER keep_turn AFTER UPDATE ON slot FOR EACH ROW EXECUTE FUNCTION keep_turn();
"""
HANDED_OUT = "SELECT count(*), count(*) - count(DISTINCT (company, slot, turn)) FROM handed_out"
STARTED = (
    """SELECT company, extract(epoch FROM min(started_at)), extract(epoch FROM min(finished_at)) FROM run GROUP BY company"""
)
CLOCK = "SELECT extract(epoch FROM clock_timestamp())"


@dataclass(frozen=True)
class Bench:
    """Where it is played: a cluster with a database of each version to copy."""

    cluster: Cluster
    before: Path

    @contextmanager
    def playing(self, companies: int, payments: int, *, before: bool = False) -> Iterator[Machines]:
        """Companies with so many payments each, in a folder and a database of their own."""
        names = [f"company-{number}" for number in range(companies)]
        with (
            tempfile.TemporaryDirectory(prefix="resolve-now-scale-") as folder,
            self.cluster.cloned("before" if before else "now") as url,
            machines(Path(folder), url, names, payments, self.before if before else ROOT) as several,
        ):
            if not before:
                several.do(TURNS)
            yield several


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="resolve-now-before-") as folder:
        before = check_out(options.commit, Path(folder) / "before")
        with private_postgres.running(max_connections="400") as cluster:
            for name, checkout in (("now", ROOT), ("before", before)):
                cluster.create(name)
                _migrate(cluster.url(name), checkout)
            bench = Bench(cluster, before)
            parts: dict[str, Callable[[], Any]] = {
                "machines": lambda: killed_and_frozen(bench, options.companies, options.payments),
                "starts": lambda: starts(bench, options.idle),
                "throughput": lambda: throughput(bench, options.payments),
            }
            found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
            for name in options.parts:
                print(f"{name} ...", file=sys.stderr, flush=True)
                found[name] = parts[name]() | {"load": round(os.getloadavg()[0], 1)}
    found |= {"before": options.commit, "processors": os.cpu_count(), "python": platform.python_version()}
    if options.keep:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(table(found))
    return 0 if right(found) else 1


def right(found: dict[str, Any]) -> bool:
    """Whether nothing was lost, doubled, handed out twice, or done twice at once."""
    proof = found.get("machines", {})
    wrong = [proof.get(name, 0) for name in ("doubled", "overlaps", "turns_twice")]
    late = found.get("starts", {}).get("now", {}).get("p95_seconds", 0) >= 60
    return not any(wrong) and proof.get("receipts") == proof.get("payments") and not late


def _migrate(url: str, checkout: Path) -> None:
    if checkout == ROOT:
        migrate_at(url)
        return
    program = (
        "import sys; from storage.engine import Database; from storage.migrating import migrate; migrate(Database(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-P", "-c", program, url], cwd=checkout, env=environment(checkout), check=True)


# --- killed and frozen -------------------------------------------------------------------------------------------------


def killed_and_frozen(bench: Bench, companies: int, payments: int) -> dict[str, Any]:
    """Two schedulers and four workers; one worker is frozen in a call and wakes, one is killed, a scheduler is killed."""
    options = ("--slots", "2", "--seconds", str(CALL_SECONDS), "--stalled", str(STALLED_SECONDS))
    with bench.playing(companies, payments) as several:
        begun, told = monotonic(), []

        def tell(what: str, machine: Machine) -> None:
            told.append({"at_seconds": round(monotonic() - begun, 2), "what": what, "role": machine.role, "pid": machine.pid})

        schedulers = [several.start("scheduler") for _ in range(2)]
        workers = [several.start("worker", *options) for _ in range(4)]
        for machine in (*schedulers, *workers):
            tell("started", machine)
        several.until(lambda: len(several.calls()) > 20, PATIENCE_SECONDS)
        frozen = _caught(several, workers)
        tell("SIGSTOP in a call to the books", frozen)
        dead = _caught(several, [worker for worker in workers if worker is not frozen])
        dead.kill()
        tell("SIGKILL in a call to the books", dead)
        schedulers[0].kill()
        tell("SIGKILL", schedulers[0])
        for role, more in (("scheduler", ()), ("worker", options)):
            tell("started", several.start(role, *more))
        sleep(STALLED_SECONDS * 2)
        frozen.thaw()
        tell("SIGCONT", frozen)
        total = companies * payments
        several.until(lambda: several.verified() == total, PATIENCE_SECONDS)
        took = monotonic() - begun
        turns, twice = several.rows(HANDED_OUT)[0]
        codes = [machine.stop() for machine in several.made if machine.killed is None]
        return {
            "companies": companies,
            "payments": total,
            "verified": several.verified(),
            "receipts": several.receipts(),
            "doubled": len(several.doubled()),
            "overlaps": len(several.overlaps()),
            "turns": turns,
            "turns_twice": twice,
            "calls": sum(call["what"] == "begin" for call in several.calls()),
            "seconds": round(took, 1),
            "exit_codes": codes,
            "events": told,
        }


def _caught(several: Machines, among: Sequence[Machine]) -> Machine:
    """One of these, frozen in the middle of a call to some company's books."""
    found: list[Machine] = []

    def caught() -> bool:
        calling = {several.calling(company) for company in several.companies}
        found[:] = [machine for machine in among if machine.pid in calling][:1]
        for machine in found:
            machine.freeze()
        return bool(found)

    several.until(caught, PATIENCE_SECONDS)
    return found[0]


# --- how soon a sync starts ----------------------------------------------------------------------------------------------


def starts(bench: Bench, companies: int) -> dict[str, Any]:
    """All companies are due at once, with nothing new; one of them has books that take a minute for each call."""
    slow = ("--slow", f"company-0:{SLOW_CALL_SECONDS}", "--seconds", str(CALL_SECONDS))
    with bench.playing(companies, 0) as several:
        at = several.rows(CLOCK)[0][0]
        begun = [several.start("scheduler") for _ in range(2)] + [
            several.start("worker", *slow, "--slots", "4") for _ in range(4)
        ]
        now = _started(several, companies, at, PATIENCE_SECONDS)
        used = sum(_processor_seconds(machine.pid) for machine in begun)
        now |= {"processor_ms_a_sync": round(used * 1000 / companies), "overlaps": len(several.overlaps())}
    with bench.playing(companies, 0, before=True) as several:
        at = several.rows(CLOCK)[0][0]
        for _ in range(2):
            several.start("alone", *slow)
        before = _started(several, companies, at, BEFORE_SECONDS)
    return {"companies": companies, "slow_call_seconds": SLOW_CALL_SECONDS, "now": now, "before": before}


def _started(several: Machines, companies: int, at: float, patience: float) -> dict[str, Any]:
    """From the moment all are due to the start of each company's sync, without the slow one."""
    end, most = monotonic() + patience, 0
    while monotonic() < end:
        most = max(most, _connections(several))
        done = [row for row in several.rows(STARTED) if row[0] != "company-0" and row[2] is not None]
        if len(done) == companies - 1:
            break
        sleep(1)
    began = sorted(float(row[1]) - float(at) for row in several.rows(STARTED) if row[0] != "company-0")
    never = companies - 1 - len(began)
    waited = began + [float("inf")] * never
    p95 = waited[int(len(waited) * 0.95)]
    return {
        "started": len(began),
        "never_in_seconds": round(patience) if never else 0,
        "p50_seconds": _round(waited[len(waited) // 2]),
        "p95_seconds": _round(p95),
        "max_seconds": _round(waited[-1]),
        "connections": most,
    }


def _round(seconds: float) -> float | None:
    return None if seconds == float("inf") else round(seconds, 1)


def _connections(several: Machines) -> int:
    return int(several.rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")[0][0]) - 1


# --- how many payments ---------------------------------------------------------------------------------------------------


def throughput(bench: Bench, payments: int) -> dict[str, Any]:
    """Eight companies with payments, and one, two or four workers with one piece of work at a time."""
    companies, total = 8, 8 * payments
    now = {}
    for count in (1, 2, 4):
        with bench.playing(companies, payments) as several:
            size = _size(several)
            several.start("scheduler")
            workers = [several.start("worker", "--slots", "1", "--seconds", str(CALL_SECONDS)) for _ in range(count)]
            now[str(count)] = _carried(several, total, workers) | {"bytes_a_payment": round((_size(several) - size) / total)}
    alone = {}
    for name in ("now", "before"):  # `run` without workers: eight slots here, ten threads in 0.1.0
        with bench.playing(companies, payments, before=name == "before") as several:
            alone[name] = _carried(several, total, [several.start("alone", "--seconds", str(CALL_SECONDS))])
    return {"companies": companies, "payments": total, "call_seconds": CALL_SECONDS, "workers": now, "one_run": alone}


def _carried(several: Machines, total: int, workers: Sequence[Machine]) -> dict[str, Any]:
    """From the first call to the books to the last payment verified."""
    several.until(lambda: bool(several.calls()), PATIENCE_SECONDS)
    several.until(lambda: several.verified() == total, PATIENCE_SECONDS)
    seconds = monotonic() - several.calls()[0]["at"]
    calls = sum(call["what"] == "begin" for call in several.calls())
    processor = sum(_processor_seconds(machine.pid) for machine in workers)
    return {
        "seconds": round(seconds, 1),
        "payments_a_second": round(total / seconds, 2),
        "calls": calls,
        "processor_ms_a_payment": round(processor * 1000 / total, 1),
        "memory_mb": max(_memory_mb(machine.pid) for machine in workers),
        "connections": _connections(several),
    }


def _size(several: Machines) -> int:
    return int(several.rows("SELECT pg_database_size(current_database())")[0][0])


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> int:
    """What is its own, without what it shares with other processes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    held = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return round(int(held["VmRSS"].split()[0]) / 1024)


# --- the table -------------------------------------------------------------------------------------------------------------


def table(found: dict[str, Any]) -> str:
    """The figures in Markdown."""
    lines = ["| what | found |", "| --- | --- |"]
    if proof := found.get("machines"):
        events = ", ".join(
            f"{event['what']} {event['role']} {event['pid']} at {event['at_seconds']} s" for event in proof["events"]
        )
        lines += [
            f"| payments, verified, receipts by marker | {proof['payments']}, {proof['verified']}, {proof['receipts']} |",
            f"| doubled, overlapping, handed out twice | {proof['doubled']}, {proof['overlaps']}, {proof['turns_twice']}"
            f" of {proof['turns']} turns, {proof['calls']} calls |",
            f"| events | {events} |",
        ]
    if fair := found.get("starts"):
        for name in ("now", "before"):
            of = fair[name]
            told = f"p50 {of['p50_seconds']} s, p95 {of['p95_seconds']} s, last {of['max_seconds']} s"
            lines.append(f"| {fair['companies']} companies, one slow, {name}: start | {told}; {of['started']} started |")
    if carried := found.get("throughput"):
        for count, of in carried["workers"].items():
            lines.append(f"| {count} workers | {_told(of)} |")
        for name, of in carried["one_run"].items():
            lines.append(f"| one `run`, {name} | {_told(of)} |")
    return "\n".join(lines)


def _told(of: dict[str, Any]) -> str:
    return (
        f"{of['payments_a_second']} payments a second, {of['calls']} calls, "
        f"{of['processor_ms_a_payment']} ms of a processor a payment, {of['memory_mb']} MB, {of['connections']} connections"
    )


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make scale", description=__doc__)
    asked.add_argument("--commit", default=COMMIT, help=f"the other version (default {COMMIT}, which is 0.1.0)")
    asked.add_argument("--parts", nargs="+", default=["machines", "starts", "throughput"])
    asked.add_argument("--companies", type=int, default=12, help="in the part with killed processes")
    asked.add_argument("--payments", type=int, default=20, help="of each company")
    asked.add_argument("--idle", type=int, default=500, help="companies that are due at once")
    asked.add_argument("--keep", action="store_true", help="write the figures to bench/results/scale.json")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
