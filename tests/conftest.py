"""What every test may ask for: a database of its own on SQLite or PostgreSQL, a whole small house, and no silent skips."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import garbage
import longest_first
import private_postgres
import pytest
import slow
import templates
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright
from private_postgres import Cluster, PostgresMissing
from scene import Scene, a_scene

# Tests assert facts, never times: a busy machine is slower than Hypothesis expects of one example.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

if folder_in_memory := templates.memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder_in_memory))

CHROMIUM = shutil.which("chromium")
HOW_TO_GET_CHROMIUM = "Chromium is not installed: apt-get install chromium"
QUIET = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run"

REQUIRE_ALL = "REQUIRE_ALL"  # set where everything must be there: in .ci/run

#: Skips that are right even where everything is installed: a pattern of the reason, and why.
ALLOWED_SKIPS: dict[str, str] = {
    r"^The foreign Node\.js clients cannot be run": "npm's registry is not within everybody's reach; Python clients do the same",
}


def skip_is_allowed(reason: str) -> bool:
    """Whether a test may be skipped for this reason although everything must run."""
    return any(re.search(pattern, reason) for pattern in ALLOWED_SKIPS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow.mark_the_journey_again_on_postgresql(items)
    items[:] = longest_first.ordered(items, longest_first.workers())


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    garbage.leave_alone_what_is_there()


LEFT_OUT = pytest.StashKey[int]()  # how many slow tests this run leaves out; each worker finds the same ones


def pytest_deselected(items: list[pytest.Item]) -> None:
    if items:
        config = items[0].config
        config.stash[LEFT_OUT] = sum(item.get_closest_marker("slow") is not None for item in items)
        getattr(config, "workeroutput", {})["left_out"] = config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """The last line of a run says what it left to the other command."""
    yield
    left_out = session.config.stash.get(LEFT_OUT, 0)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if left_out and reporter is not None and not hasattr(session.config, "workeroutput"):
        reporter.write_line(slow.left_out(left_out))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under REQUIRE_ALL a test that was skipped has failed: what did not run has proved nothing."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself while it is collected."""
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not os.environ.get(REQUIRE_ALL) or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
    if not skip_is_allowed(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped although {REQUIRE_ALL} is set: {reason}"


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str, worker_id: str) -> Path:
    """A folder that all processes of one run of the tests share."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / f"run-{testrun_uid}"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session")
def migrated_sqlite() -> Path:
    """An SQLite file with our tables; copied for each test, because that is faster than making them anew."""
    return templates.migrated()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster | None]:
    """A private PostgreSQL with a database `migrated` to copy; None where none can be had. One for each worker."""
    with ExitStack() as until_the_end:
        try:
            cluster = until_the_end.enter_context(private_postgres.running())
        except PostgresMissing:
            yield None
            return
        cluster.create("migrated")
        templates.migrate_at(cluster.url("migrated"))
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with our tables, for `storage.engine.Database`: each test runs on both kinds."""
    if request.param == "sqlite":
        file = tmp_path / "resolve-now.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), file)
        yield f"sqlite:///{file}"
        return
    cluster: Cluster | None = request.getfixturevalue("postgres")
    if cluster is None:
        pytest.skip(private_postgres.HOW_TO_GET_IT)
    with cluster.cloned("migrated") as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a worker: Playwright takes only one of its kind in a process."""
    if CHROMIUM is None:
        pytest.skip(HOW_TO_GET_CHROMIUM)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield started
        started.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """One company with real embedded books and our database on SQLite. On both kinds: `a_scene(tmp_path, url=database_url)`."""
    made = a_scene(tmp_path)
    yield made
    made.db.close()
    made.ledger.close()
