"""Words once: amounts, days, moments and lists are written by receivables/words.py, and nothing goes round it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

import pytest
from house import Source, imported, product

WORDS = "receivables/words.py"
#: Files that may take a day in UTC, and why.
DAYS = {
    "app/commands/beginning.py": "a first day is proposed before there is a company whose calendar it could be",
    "accounting/xero/wire.py": "Xero's own form of a day is the moment at which that day begins in UTC",
    "feeds/maps/dates.py": "a day as a file writes it, without a zone",
    "feeds/maps/workbook.py": "a day as a cell holds it, without a zone",
}
UTC = frozenset({"UTC", "_UTC", "timezone.utc", "ZoneInfo('UTC')"})


def babel_elsewhere(source: Source) -> Iterator[str]:
    for line, name in imported(source.tree):
        if name.partition(".")[0] == "babel" and source.path != WORDS:
            yield f"{source.path}:{line}: {name}; take the company's words"


def days_of_their_own(source: Source) -> Iterator[str]:
    """`moment.date()` is the day in whatever zone the moment carries, mostly UTC."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and (_is_date_of(node) or _is_day_in_utc(node)):
            yield f"{source.path}:{node.lineno}: {ast.unparse(node)}; ask the company's calendar, day_of"


def _is_date_of(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    return (called.endswith(".date") and not call.args) or called.endswith("date.fromtimestamp")


def _is_day_in_utc(call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith("day_of") and any(ast.unparse(argument) in UTC for argument in call.args)


def writers(source: Source) -> Iterator[str]:
    """Names of functions that write words: called as one in receivables/words.py, or given amounts or days.

    What hands an amount or a day on to the company's words decides nothing itself, and is left out.
    """
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef) or node.returns is None or ast.unparse(node.returns) != "str":
            continue
        name, arguments = node.name.lstrip("_"), [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if (name in SHARED or any(map(_is_amount_or_day, arguments))) and not _hands_on(node):
            yield name


def _hands_on(function: ast.FunctionDef) -> bool:
    calls = (ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(re.search(r"(^|[._])words\.\w+$", called) for called in calls)


def _is_amount_or_day(argument: ast.arg) -> bool:
    kind = ast.unparse(argument.annotation) if argument.annotation else ""
    return argument.arg.endswith("minor") or bool({"date", "datetime"} & set(kind.replace("|", " ").split()))


def _functions(source: Source) -> frozenset[str]:
    return frozenset(node.name.lstrip("_") for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef))


PORTS = "receivables/ports.py"
SHARED = _functions(next(source for source in product() if source.path == WORDS)) | {"capitalised", "sentence"}


def written_twice(sources: tuple[Source, ...]) -> Mapping[str, list[str]]:
    """Name -> files, where two rooms each have a function of that name that writes words, amounts or days."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for name in (
            writers(source) if source.path != PORTS else ()
        ):  # it says what rooms need from each other, and writes nothing
            found.setdefault(name, set()).add(source.path)
    return {name: sorted(paths) for name, paths in found.items() if len({path.partition("/")[0] for path in paths}) > 1}


@pytest.mark.parametrize(
    "text", ["from babel.dates import format_date", "import babel", "def f():\n    from babel import Locale"]
)
def test_babel_elsewhere_is_caught(text: str) -> None:
    assert [] != list(babel_elsewhere(Source("bot/example.py", text)))


@pytest.mark.parametrize(
    "text",
    ["x = payment.paid_at.date()", "x = at.astimezone(UTC).date()", "x = date.fromtimestamp(seconds)", "x = day_of(at, UTC)"],
)
def test_a_day_in_utc_is_caught(text: str) -> None:
    assert [] != list(days_of_their_own(Source("rules/example.py", text)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("def money(x: int, currency: str) -> str: ...", "def _money(amount: int) -> str: ..."),
        ("def shown(amount_minor: int) -> str: ...", "def shown(on: date | None) -> str: ..."),
        ("class A:\n    def plain(self, text: str) -> str: ...", "def plain(text: str) -> str: ..."),
    ],
)
def test_the_same_words_of_two_rooms_are_caught(first: str, second: str) -> None:
    assert {} != written_twice((Source("bot/example.py", first), Source("app/example.py", second)))
    assert {} == written_twice((Source("bot/example.py", first), Source("bot/other.py", second)))


def test_only_one_file_asks_babel() -> None:
    assert [] == [finding for source in product() for finding in babel_elsewhere(source)]


def test_the_companys_calendar_is_the_only_way_from_a_moment_to_a_day() -> None:
    found = {source.path: list(days_of_their_own(source)) for source in product() if source.path != WORDS}
    assert {} == {path: findings for path, findings in found.items() if findings and path not in DAYS}
    assert [] == [path for path in DAYS if not found[path]]


def test_no_two_rooms_write_the_same_words() -> None:
    assert {} == written_twice(product())
