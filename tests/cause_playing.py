"""Plays all scenes: one sync for all that can be judged together; what concerns the whole company in a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from cause_scenes import CREDIT, PLAYS, WHOLE, Case, Play, Seen, expressible
from cause_worlds import TRYTON, Standing, World
from evidence_makers import WORDS
from faulty_books import Fault
from makers import a_payment

import rules
from receivables.diagnosis import Cause, Remedy
from receivables.payment import Allocation, PaymentState
from storage import companies, failures
from sync import reconciliation

#: The three remedies at the heart, each by the cause that recommends it.
SEEDS = {
    Cause.CREDIT_MEMO_APPLIED: Remedy.UNAPPLY_CREDIT_MEMO,
    Cause.RECEIPT_ALREADY_ENTERED: Remedy.DISMISS,
    Cause.INVOICE_RECREATED: Remedy.RECREATE_RECEIPT,
}
SYNCS_UNTIL_SETTLED = 6
ALL_OPEN = date(2024, 12, 31)


@dataclass
class Played:
    """What was seen in one world. The second key of `seen` is whether the scene is the one that fires."""

    seen: dict[tuple[Cause, bool], Seen] = field(default_factory=dict)
    cases: dict[tuple[Cause, bool], Case] = field(default_factory=dict)
    decided: dict[Cause, str] = field(default_factory=dict)
    remedied: dict[Cause, Seen] = field(default_factory=dict)
    standing: dict[Cause, list[Standing]] = field(default_factory=dict)
    open_minor: dict[Cause, int] = field(default_factory=dict)
    free_credit_minor: int = 0
    marked_minor: dict[tuple[Cause, bool], int] = field(default_factory=dict)
    afterwards: dict[Cause, Seen] = field(default_factory=dict)  # once the trouble was over


def play(world: World, part: str) -> Played:
    """One part of the scenes, in order. What these books cannot express is left out."""
    played = Played()
    for step in PARTS[part]:
        step(world, played)
    marked_minor = world.hands.marked_minor([case.number for case in played.cases.values()])
    played.marked_minor = {key: marked_minor[case.number] for key, case in played.cases.items()}
    return played


def seen(world: World, case: Case) -> Seen:
    """What is told of a payment now: about its posting, or else about what its feed says."""
    with world.scene.db.read() as connection:
        told = (failures.open_of(connection, "acme", case.number, about) for about in ("payment", "correction", "intake"))
        found = next((failure for failure in told if failure is not None), None)
    state = world.scene.payment(case.number).state
    if found is None:
        return Seen(state, None)
    sentence = rules.sentence(found.diagnosis, WORDS) if found.diagnosis else ""
    return Seen(state, found.cause, found.remedy, found.refusal_code, sentence)


# --- together -----------------------------------------------------------------------------------------------------------


def _play_together(world: World, played: Played) -> None:
    set_up(world, list(_acts(world, played)))
    played.seen |= {(act.cause, firing): seen(world, played.cases[act.cause, firing]) for act, firing in _plays(world)}


def set_up(world: World, acts: Sequence[tuple[Play, Case]]) -> None:
    """Plays these scenes side by side, up to the sync and the proof that find them."""
    customers = world.hands.customers([case.customer for _, case in acts])
    for (_, case), customer_id in zip(acts, customers, strict=True):
        case.customer_id = customer_id
    owing = [(case.invoice_number, case.customer_id, act.owes_minor) for act, case in acts if act.owes_minor]
    invoices = world.hands.invoices(owing)
    for act, case in acts:
        case.invoice_id = invoices.get(case.invoice_number, "")
        act.before(world, case)
    world.scene.sync()
    _pay(world, [(act, case) for act, case in acts if act.posted_first])
    world.scene.sync()
    world.writing(False)
    _pay(world, [(act, case) for act, case in acts if not act.posted_first])
    world.scene.sync()  # bound to the invoices as they were when the customer paid, and not posted yet
    world.later(0.1)
    for act, case in acts:
        act.after(world, case)
    world.later(0.1)
    world.writing(True)
    world.scene.sync()
    reconciliation.run_once(world.scene.desk)


def _plays(world: World) -> Iterator[tuple[Play, bool]]:
    for cause, (fires, misses) in PLAYS.items():
        if expressible(cause, world.name):
            yield fires, True
            yield misses, False


def _acts(world: World, played: Played) -> Iterator[tuple[Play, Case]]:
    owing_first = sorted(_plays(world), key=lambda play: not play[0].owes_minor)  # so that their numbers follow one another
    for place, (act, firing) in enumerate(owing_first, start=101):
        case = a_case(place)
        played.cases[act.cause, firing] = case
        yield act, case


def _pay(world: World, acts: list[tuple[Play, Case]]) -> None:
    paid_at = world.later(0.1)
    for act, case in acts:
        allocations = (Allocation(act.to_invoice_minor, case.invoice_number),) if act.to_invoice_minor else ()
        made = a_payment(
            transaction_number=case.number, customer=case.customer, amount_minor=act.paid_minor, paid_at=paid_at,
            method=act.method, allocations=allocations,
        )  # fmt: skip
        case.payment = replace(made, status=act.status)
    world.scene.feed(*[case.payment for _, case in acts if case.payment])
    world.later(0.1)


def _carry_out_the_seeds(world: World, played: Played) -> None:
    for cause, remedy in SEEDS.items():
        played.decided[cause] = world.scene.decide(remedy, played.cases[cause, True].number)
    world.scene.sync()
    for cause in SEEDS:
        case = played.cases[cause, True]
        played.remedied[cause] = seen(world, case)
        played.standing[cause] = world.hands.standing(case.customer_id)
        played.open_minor[cause] = world.hands.open_minor(case.made.get("successor", case.invoice_id))
    credit = played.cases[Cause.CREDIT_MEMO_APPLIED, True].made["credit"]
    played.free_credit_minor = world.hands.free_credit_minor(credit)


# --- one thing at a time ------------------------------------------------------------------------------------------------


def _another(world: World, played: Played, cause: Cause, *, firing: bool, amount_minor: int = WHOLE) -> Case:
    """A customer with an invoice, mirrored."""
    case = a_case(500 + 10 * list(Cause).index(cause) + firing)
    owe(world, case, amount_minor)
    played.cases[cause, firing] = case
    return case


def a_case(place: int) -> Case:
    """A payment, a customer and an invoice number that no other scene has."""
    return Case(f"TXN-{place}", f"Client {place}", f"1{place}")


def owe(world: World, case: Case, amount_minor: int = WHOLE) -> None:
    """The customer and the invoice of a case."""
    case.customer_id = world.hands.customer(case.customer)
    case.invoice_id = world.hands.invoice(case.invoice_number, case.customer_id, amount_minor)


def _paid(world: World, *cases: Case) -> None:
    _pay(world, [(Play(Cause.UNIDENTIFIED, None), case) for case in cases])


def _period(world: World, played: Played) -> None:
    """The period before is closed, and nothing happens; then the payment's own."""
    cause, today = Cause.PERIOD_CLOSED, world.hands.today()
    before = today.replace(day=1) if world.name == TRYTON else today
    misses, fires = (_another(world, played, cause, firing=firing) for firing in (False, True))
    world.hands.close_period(before - timedelta(days=1))
    _paid(world, misses)
    world.scene.sync()
    played.seen[cause, False] = seen(world, misses)
    world.hands.close_period(today + timedelta(days=31) if world.name == TRYTON else today)
    _paid(world, fires)
    world.scene.sync()
    played.seen[cause, True] = seen(world, fires)
    world.hands.close_period(ALL_OPEN)
    played.afterwards[cause] = _settled(world, fires)


def _settled(world: World, case: Case) -> Seen:
    """How it is some minutes later."""
    for _ in range(SYNCS_UNTIL_SETTLED):
        world.scene.clock.advance(60)
        world.scene.sync()
        if world.scene.payment(case.number).state is PaymentState.VERIFIED:
            break
    return seen(world, case)


def _unanswered(world: World, played: Played) -> None:
    """An answer that was lost, and a line that was plainly closed before anything was sent."""
    cause = Cause.OUTCOME_UNKNOWN
    fires, misses = (_another(world, played, cause, firing=firing) for firing in (True, False))
    _paid(world, fires)
    world.troubles.answer_lost()
    world.scene.sync()
    played.seen[cause, True] = seen(world, fires)
    played.afterwards[cause] = _settled(world, fires)
    _paid(world, misses)
    world.line.faults.append(Fault.REFUSED_CONNECTION)
    world.scene.sync()
    told = seen(world, misses)
    played.seen[cause, False] = replace(_settled(world, misses), cause=told.cause)


def _while_sending(world: World, step: Callable[[], None]) -> None:
    """One sync, in which Dana is quicker than our write."""

    def once() -> None:
        world.line.before_write = lambda: None
        step()

    world.line.before_write = once
    world.scene.sync()


def _credit(world: World, case: Case) -> None:
    case.made["credit"] = world.hands.credit_memo(f"8{case.invoice_number}", case.customer_id, CREDIT)
    case.made["application"] = world.hands.apply_credit(case.made["credit"], case.invoice_id, CREDIT)


def swallow(world: World, *cases: Case) -> None:
    """A credit slips in on each invoice between our last look and its receipt."""
    _paid(world, *cases)

    def credit_all() -> None:
        for case in cases:
            _credit(world, case)

    _while_sending(world, credit_all)


def swallow_and_deposit(world: World, swallowed: Sequence[Case], others: Sequence[Case] = ()) -> None:
    """The same to some of them, whose receipts go to the bank, like the others', once the credit is off again."""
    _paid(world, *swallowed, *others)

    def credit_all() -> None:
        for case in swallowed:
            _credit(world, case)

    _while_sending(world, credit_all)
    for case in swallowed:
        world.hands.unapply_credit(case.made["application"])
    for case in (*swallowed, *others):
        world.hands.deposit(world.hands.ours(case.number))
    world.later(0.1)
    world.scene.sync()
    reconciliation.run_once(world.scene.desk)


def _swallowed(world: World, played: Played) -> None:
    """A credit slips in between our last look and the receipt; once the invoice has room for both."""
    cause = Cause.ACCEPTED_UNAPPLIED
    if not expressible(cause, world.name):
        return
    fires = _another(world, played, cause, firing=True)
    misses = _another(world, played, cause, firing=False, amount_minor=WHOLE + CREDIT)
    swallow(world, fires, misses)
    played.seen |= {(cause, True): seen(world, fires), (cause, False): seen(world, misses)}


def _deposited(world: World, played: Played) -> None:
    """The same, and the receipt went to the bank before it could be mended; and one that was right before it did."""
    cause = Cause.RECEIPT_DEPOSITED
    if not expressible(cause, world.name):
        return
    fires, misses = (_another(world, played, cause, firing=firing) for firing in (True, False))
    swallow_and_deposit(world, [fires], [misses])
    played.seen |= {(cause, True): seen(world, fires), (cause, False): seen(world, misses)}


def _connection(world: World, played: Played) -> None:
    """What pauses the company: told of the company, while its payments wait. Each is over afterwards."""
    troubles = world.troubles
    for cause, trouble, nearly in (
        (Cause.ACCESS_LOST, "access_lost", "access_ended"),
        (Cause.THROTTLED, "throttled", "asked_to_slow_down"),
        (Cause.BOOKS_UNAVAILABLE, "away", "away_for_a_moment"),
    ):
        if not expressible(cause, world.name):
            continue
        for firing, begin in ((True, trouble), (False, nearly)):
            case = _another(world, played, cause, firing=firing)
            world.scene.sync()
            _paid(world, case)
            getattr(troubles, begin)()
            world.scene.sync()
            played.seen[cause, firing] = replace(seen(world, case), cause=_paused(world))
            troubles.over()
            later = _settled(world, case)
            if firing:
                played.afterwards[cause] = later


def _paused(world: World) -> Cause | None:
    with world.scene.db.read() as connection:
        pause = companies.get(connection, "acme").pause
    return pause.cause if pause else None


#: What is played in a world of its own: all that one sync can judge, and what ends by itself once it is over (an answer that
#: was lost, a connection that is away, a month that is opened again).
TOGETHER, APART = "together", "apart"
PARTS: dict[str, tuple[Callable[[World, Played], None], ...]] = {
    TOGETHER: (_play_together, _carry_out_the_seeds, _swallowed, _deposited),
    APART: (_connection, _unanswered, _period),
}
