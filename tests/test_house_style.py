"""How the code reads, as far as a program can tell: each rule is a function, tried on a bad example and then on every file."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest
from house import ROOT, Source, files, imported, product, referred_to, rooms, sources

PRODUCT_LINES, TEST_LINES, FUNCTION_LINES = 400, 600, 60
MANY_PARAMETERS, FUNCTIONS_WITH_MANY = 7, 14
MIGRATIONS = "storage/migrations/versions/"  # written by Alembic, never changed afterwards

OWN_CLOCK = {
    "app/clock.py": "the one Clock and Ids of the product",
    "storage/engine.py": "how long a connection rested in the pool, which decides nothing but whether it is asked if it lives",
}
TIME_AND_CHANCE = re.compile(
    r"datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|sqlalchemy\.func\.(now|current_timestamp)"
    r"|time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|localtime|gmtime)"
    r"|os\.(urandom|getrandom)|(uuid|random|secrets)(\..+)?"
)
#: Files that may wait, and why.
WAITING = {
    "accounting/calling.py": "a read is tried again after a pause, and a short wait for the budget is waited",
    "accounting/embedded/database.py": "SQLite does not wait by itself while a new file is switched to write-ahead logging",
    "app/commands/payments.py": "a sync by hand begins when another process's work for the company has ended",
    "app/commands/deciding.py": "a decision that another process is carrying out is looked at again a few times",
    "sync/manual_sync.py": "a sync that ends with an unknown write waits until the books can prove that it is absent",
    "storage/vault.py": "while another process renews a token, its row is looked at again a few times a second",
    "app/demo/tryton/server.py": "a server that was just started is asked until it answers",
    "app/demo/story.py": "the demo shows real seconds passing until an empty search is proof",
    "workspace/delivery.py": "the stand-in sends an event again after Slack's own pauses",
    "workspace/server.py": "the stand-in answers late where a fault says so",
}
BANNED_MODULES = re.compile(r"(^|_)(utils?|helpers?|common|managers?)(_|$)")
BANNED_WORDS = frozenset({"tenant", "tenants", "utils", "helpers"})
FOREIGN_NAMES = frozenset({"Xero-tenant-id", "tenantId", "tenantName", "tenantType"})  # Xero's own, as whole texts
MONEY = frozenset("receivables storage accounting feeds rules sync".split())  # the rooms an amount passes through

PRIVATE_PATH = re.compile(r"/(?:home|root|Users)/[\w.]")
INDEX = re.compile(r"pypi\.(?:org|python)|python(?:hosted)\.org|--(?:extra-)?index-url|--find-[l]inks|file:/{3}\w")

Rule = Callable[[Source], Iterator[str]]


def without_opening_sentence(source: Source) -> Iterator[str]:
    opening = (ast.get_docstring(source.tree) or "").partition("\n")[0]
    if not opening.endswith((".", "!", "?", ":")):
        yield f"{source.path}: the first line of its docstring is no sentence: {opening!r}"


def too_long(source: Source) -> Iterator[str]:
    limit = TEST_LINES if source.room == "tests" else PRODUCT_LINES
    if source.lines > limit:
        yield f"{source.path}: {source.lines} lines, at most {limit}"


def functions_too_long(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{source.path}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES}"


def many_parameters(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            count = sum(1 for parameter in named if parameter.arg not in ("self", "cls"))
            if count >= MANY_PARAMETERS:
                yield f"{source.path}:{node.lineno}: {node.name} has {count} parameters"


def own_time_or_chance(source: Source) -> Iterator[str]:
    if source.path in OWN_CLOCK:
        return
    for line, name in sorted({*imported(source.tree), *referred_to(source.tree)}):
        if TIME_AND_CHANCE.fullmatch(name):
            yield f"{source.path}:{line}: {name}; take a Clock or Ids as an argument"


def waiting(source: Source) -> Iterator[str]:
    for line, name in sorted({*imported(source.tree), *referred_to(source.tree)}):
        if name in {"time.sleep", "asyncio.sleep"}:
            yield f"{source.path}:{line}: {name}"


def floats_that_are_not_seconds(source: Source) -> Iterator[str]:
    """Money is an integer of minor units, and what is not money is rarely a fraction: a time-out is."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            yield f"{source.path}:{node.lineno}: {ast.unparse(node)}"
    for named, value in _named_values(source.tree):
        if not named.lower().endswith("seconds"):
            yield f"{source.path}:{value.lineno}: {value.value!r} is not called seconds"


def _named_values(tree: ast.Module) -> Iterator[tuple[str, ast.Constant]]:
    """Every float literal with the name it is given to, "" where it has none."""
    names: dict[ast.AST | None, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.value] = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.value] = node.target.id
        elif isinstance(node, ast.keyword):
            names[node.value] = node.arg or ""
        elif isinstance(node, ast.arguments):
            plain = [*node.posonlyargs, *node.args]
            names.update(zip(node.defaults, (given.arg for given in plain[len(plain) - len(node.defaults) :]), strict=True))
            names.update(zip(node.kw_defaults, (given.arg for given in node.kwonlyargs), strict=True))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield names.get(node, ""), node


def banned_words(source: Source) -> Iterator[str]:
    if any(BANNED_MODULES.search(part.removesuffix(".py")) for part in source.path.split("/")):
        yield f"{source.path}: a name that says nothing"
    for node in ast.walk(source.tree):
        for name in _names_of(node):
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
            if words & BANNED_WORDS:
                yield f"{source.path}:{getattr(node, 'lineno', 0)}: {name}"


def called_one(source: Source) -> Iterator[str]:
    """A variable `one` could be anything: a payment, a receipt, an effect."""
    for node in ast.walk(source.tree):
        stored = isinstance(node, ast.Name) and node.id == "one" and isinstance(node.ctx, ast.Store)
        if stored or (isinstance(node, ast.arg) and node.arg == "one"):
            yield f"{source.path}:{getattr(node, 'lineno', 0)}: a variable called one; name it what it is"


def _names_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.Constant(value=str(text)) if not text.isspace() and text not in FOREIGN_NAMES:
            yield text


ALL = [without_opening_sentence, too_long, functions_too_long, own_time_or_chance, floats_that_are_not_seconds, banned_words]
BAD = [
    (without_opening_sentence, "x = 1\n"),
    (without_opening_sentence, '"""A heading"""\n'),
    (too_long, "x = 1\n" * (PRODUCT_LINES + 1)),
    (functions_too_long, "def f():\n" + "    x = 1\n" * FUNCTION_LINES),
    (many_parameters, "def f(self, a, b, c, d, *, e, f, g): pass\n"),
    (own_time_or_chance, "from datetime import datetime\nat = datetime.now()\n"),
    (own_time_or_chance, "import datetime as d\nat = d.datetime.now(d.UTC)\n"),
    (own_time_or_chance, "import time as t\nat = t.time()\n"),
    (own_time_or_chance, "from uuid import uuid4\n"),
    (own_time_or_chance, "import random\n"),
    (own_time_or_chance, "import secrets\n"),
    (own_time_or_chance, "import sqlalchemy as sa\nat = sa.func.now()\n"),
    (waiting, "from time import sleep\n"),
    (waiting, "import time\ntime.sleep(1)\n"),
    (floats_that_are_not_seconds, "amount = float('1.5')\n"),
    (floats_that_are_not_seconds, "RATE = 0.1\n"),
    (floats_that_are_not_seconds, "total_minor = amount * 1.2\n"),
    (floats_that_are_not_seconds, "def f(*, rate=0.5): pass\n"),
    (banned_words, "tenant_id = 1\n"),
    (banned_words, "def f(tenantId): pass\n"),
    (banned_words, "message = 'the tenant was not found'\n"),
    (called_one, "found = [one for one in payments]\n"),
    (called_one, "def f(one): pass\n"),
]


@pytest.mark.parametrize(("rule", "text"), BAD, ids=[f"{rule.__name__}-{place}" for place, (rule, _) in enumerate(BAD)])
def test_the_rule_catches_a_bad_example(rule: Rule, text: str) -> None:
    assert [] != list(rule(Source("sync/example.py", text)))


@pytest.mark.parametrize("path", ["sync/utils.py", "sync/date_helpers.py", "app/common/dates.py", "bot/card_manager.py"])
def test_a_module_whose_name_says_nothing_is_caught(path: str) -> None:
    assert 1 == len(list(banned_words(Source(path, ""))))


@pytest.mark.parametrize(
    "text",
    [
        "from app.secrets import Secret\n",  # our own file, not the standard library's
        "def f(clock): return clock.now(), clock.monotonic()\n",
        "WAIT_SECONDS = 1.5\n",
        "def f(*, busy_timeout_seconds=5.0): pass\n",
        "traits = BooksTraits(settle_seconds=2.0)\n",
    ],
)
def test_what_is_meant_to_be_written_is_not_caught(text: str) -> None:
    source = Source("sync/example.py", text)
    assert [] == [*own_time_or_chance(source), *floats_that_are_not_seconds(source), *banned_words(source)]


def test_every_file_opens_with_a_sentence() -> None:
    assert [] == found(without_opening_sentence, (source for source in sources() if not source.path.startswith(MIGRATIONS)))


def test_no_file_is_too_long() -> None:
    assert [] == found(too_long, (source for source in sources() if not source.path.startswith(MIGRATIONS)))


def test_no_function_of_the_product_is_too_long() -> None:
    assert [] == found(functions_too_long, (source for source in product() if not source.path.startswith(MIGRATIONS)))


def test_few_functions_have_many_parameters() -> None:
    """A value or a unit of work says together what belongs together."""
    many = found(many_parameters, (source for source in product() if source.room != "workspace"))
    assert len(many) <= FUNCTIONS_WITH_MANY, many


def test_time_and_identities_come_only_from_the_clock_and_ids() -> None:
    assert [] == found(own_time_or_chance, product())


def test_only_the_listed_files_wait() -> None:
    assert set(WAITING) == {source.path for source in product() if list(waiting(source))}


def test_where_money_passes_a_fraction_is_always_a_number_of_seconds() -> None:
    assert [] == found(floats_that_are_not_seconds, (source for source in product() if source.room in MONEY))


def test_no_banned_word_names_anything_in_the_product() -> None:
    assert [] == found(banned_words, product())


def test_no_variable_is_called_one() -> None:
    assert [] == found(called_one, sources())


def test_every_room_says_what_it_is_for() -> None:
    openings = {
        source.room for source in product() if source.path == f"{source.room}/__init__.py" and ast.get_docstring(source.tree)
    }
    assert rooms() == openings
    assert {"receivables", "storage", "accounting", "feeds", "rules", "sync", "app"} <= rooms()


@pytest.mark.parametrize(
    "text",
    ["/".join(["see ", "home", "dana"]), "/".join(["", "root", ".cache"]), "--extra-index" + "-url x", "--find" + "-links x"],
)
def test_a_private_path_or_an_index_address_is_caught(text: str) -> None:
    assert PRIVATE_PATH.search(text) or INDEX.search(text)


def test_no_file_names_a_private_path_or_an_index_address() -> None:
    texts = {name: (ROOT / name).read_bytes().decode(errors="replace") for name in files()}
    lines = ((name, number, line) for name, text in texts.items() for number, line in enumerate(text.splitlines(), start=1))
    assert [] == [f"{name}:{number}" for name, number, line in lines if PRIVATE_PATH.search(line) or INDEX.search(line)]


def found(rule: Rule, among: Iterator[Source] | tuple[Source, ...]) -> list[str]:
    return [finding for source in among for finding in rule(source)]
