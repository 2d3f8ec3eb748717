"""Every open failure is walked to its end, on the books it is in: `make walk`.

Every scene of every cause is played in each state that a payment may be in, and each remedy that its card offers is carried
out on a payment of its own, by two people where two are needed. What the words of the card ask of the bookkeeper is done in
the books first. A failure has ended where it is closed and the proof finds the payment exactly once, or settled by name.
`wait`, `escalate` and a dismissal without proof end nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory

from cause_playing import ALL_OPEN, APART, a_case, owe, play, seen, set_up, swallow, swallow_and_deposit
from cause_scenes import PLAYS, Case, expressible, merged_away
from cause_worlds import QUICKBOOKS, STRICT, SWALLOWING, TRYTON, XERO, World, a_world
from evidence_makers import WORDS
from ways_by_hand import Work, as_it_is, deposited, inactive, month_closed, returned, work_of

import rules
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.errors import BooksRefused, CannotBeDone, NotFound, NotPermitted, StaleDecision
from receivables.evidence import Evidence
from receivables.payment import PaymentState
from storage import decisions, failures, kept_evidence, payments
from storage.failures import StoredFailure
from sync import decisions as carrying_out
from sync import proof_reading, reconciliation, requests
from sync.decisions import DECISIONS_PER_RUN
from sync.standings import Standing, judge

STEPS = 4  # what is done about one failure until it must have ended
SECONDS_BETWEEN_SYNCS = 60.0
PLACES = 1_000  # numbers of payments for one round of walks
BY_ITSELF, BY_HAND, AS_IT_IS = "by itself", "by hand", "as it is"
#: Failures that nothing on their card ends, by books, as `Spot` names them, and why. Open work: one that ended must go from here.
DEAD_ENDS: Mapping[str, Mapping[str, str]] = {}
#: Where the payment then is, and its failure closed: that ended it.
ENDED = frozenset(
    {
        Standing.EXACTLY_ONCE,
        Standing.DISMISSED_WITH_PROOF,
        Standing.DISMISSED_AS_TWIN,
        Standing.WENT_BACK,
        Standing.RETURN_RECORDED,
        Standing.DISPUTED,
    }
)
KEPT_IN_OUR_LEDGER = (STRICT, SWALLOWING, QUICKBOOKS, XERO)
EVERY = (*KEPT_IN_OUR_LEDGER, TRYTON)


@dataclass(frozen=True)
class State:
    """What else happens once the failures are open, and in which books it can."""

    happens: Callable[[World, Case], None]
    books: tuple[str, ...] = KEPT_IN_OUR_LEDGER
    never: tuple[Cause, ...] = ()  # causes whose scenes rule it out
    company_wide: bool = False


STATES: Mapping[str, State] = {
    AS_IT_IS: State(as_it_is, EVERY),
    "month closed": State(month_closed, EVERY, company_wide=True),
    "returned": State(returned, EVERY),
    "customer merged": State(merged_away, never=(Cause.CUSTOMER_CHANGED,)),
    "customer inactive": State(inactive, EVERY, never=(Cause.CUSTOMER_CHANGED,)),
    "receipt deposited": State(deposited),
}


@dataclass(frozen=True, order=True)
class Spot:
    """Where a failure stands: what is done to it, by which scene (the firing one or the near miss), and in which state."""

    cause: Cause
    firing: bool
    state: str

    def __str__(self) -> str:
        return f"{self.cause}{'' if self.firing else ' (near miss)'}, {self.state}"


@dataclass
class Walk:
    """One failure on its way out. `way` is the place, among what its card offers, of what is done first."""

    spot: Spot
    case: Case
    way: int
    told: Cause | None = None
    offered: int = 0  # how many ways out its card has
    before: Cause | None = None  # what was open before the rest of the state happened
    done: list[str] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)  # the same by the rule that it answered
    false: list[str] = field(default_factory=list)  # offers that were refused, and sentences that are not so
    standing: Standing | None = None
    failure: str = ""  # what is open at the end

    @property
    def ended(self) -> bool:
        return self.told is None or (not self.failure and self.standing in ENDED)


@dataclass
class Walked:
    """All walks on one kind of books."""

    books: str
    walks: list[Walk] = field(default_factory=list)
    by_itself: list[Cause] = field(default_factory=list)  # temporary faults that ended when they were lifted
    stuck: list[Cause] = field(default_factory=list)  # and those that did not

    @property
    def dead_ends(self) -> dict[Spot, list[str]]:
        """The failures that no way out ended, with what was tried."""
        tried: dict[Spot, list[Walk]] = {}
        for walk in self.walks:
            tried.setdefault(walk.spot, []).append(walk)
        return {
            spot: [f"{' → '.join(walk.done) or 'nothing'}: {walk.failure or walk.standing}" for walk in walks]
            for spot, walks in sorted(tried.items())
            if not any(walk.ended for walk in walks)
        }

    @property
    def wrong(self) -> list[str]:
        """Dead ends that are not known, known ones that ended, and what was false on the way."""
        walked = {str(walk.spot) for walk in self.walks}
        known, dead = DEAD_ENDS.get(self.books, {}).keys() & walked, {str(spot) for spot in self.dead_ends}
        false = [where for where in self.false if where.rpartition(", way ")[0] not in known]
        return sorted([*(dead ^ known), *false])

    @property
    def false(self) -> dict[str, list[str]]:
        return {f"{walk.spot}, way {walk.way}": walk.false for walk in self.walks if walk.false}

    def counts(self) -> dict[str, dict[str, int]]:
        """By the cause that was told: how many failures ended, by what."""
        found: dict[str, Counter[str]] = {}
        for cause in self.by_itself:
            found.setdefault(cause.value, Counter())[BY_ITSELF] += 1
        for walk in self.walks:
            if walk.told is None and walk.before is not None:
                found.setdefault(walk.before.value, Counter())[BY_ITSELF] += 1
            elif walk.told is not None:
                how = " → ".join(walk.done) or BY_ITSELF
                found.setdefault(walk.told.value, Counter())[how if walk.ended else f"not ended: {how}"] += 1
        return {cause: dict(sorted(counted.items())) for cause, counted in sorted(found.items())}


def walk_all(world: World, spots: Iterable[Spot], *, every_way: bool = True) -> Walked:
    """Walks in one world. Without `every_way`, a failure that one way ended is not walked again."""
    walked = Walked(world.name)
    desk = world.scene.desk  # one failure alone is a case, whatever else is played beside it
    world.scene.desk = replace(desk, company=replace(desk.company, large_percentage=100))
    place = count(1_000, PLACES)
    for batch in _apart(spots):
        _walk_each_way(world, walked, batch, place, every_way=every_way)
    return walked


def _apart(spots: Iterable[Spot]) -> Iterator[list[Spot]]:
    """What may be played side by side: neither a closed month nor a closed account concerns the others of a batch."""
    batches: dict[str, list[Spot]] = {}
    for spot in spots:
        company_wide = STATES[spot.state].company_wide or spot.cause is Cause.ACCOUNT_INACTIVE
        batches.setdefault(f"{spot.state} {spot.cause is Cause.ACCOUNT_INACTIVE}" if company_wide else "", []).append(spot)
    yield from batches.values()


def _walk_each_way(world: World, walked: Walked, spots: list[Spot], place: Iterator[int], *, every_way: bool) -> None:
    for way in range(len(Remedy)):
        if not spots:
            break
        first = next(place)
        walks = [Walk(spot, a_case(first + at), way) for at, spot in enumerate(spots)]
        _walk(world, walks)
        walked.walks += [walk for walk in walks if walk.way == 0 or walk.way < walk.offered]
        spots = [walk.spot for walk in walks if way + 1 < walk.offered and (every_way or not walk.ended)]


def lift(world: World, walked: Walked) -> None:
    """Temporary faults: each ends when it is over, and nobody presses anything."""
    for cause, told in play(world, APART).afterwards.items():
        landed = told.cause is None and told.state is PaymentState.VERIFIED
        (walked.by_itself if landed else walked.stuck).append(cause)


def spots_of(books: str, states: Iterable[str] = STATES, causes: Iterable[Cause] = Cause) -> Iterator[Spot]:
    """Where failures stand that these books can express, by the scenes of these causes in these states."""
    for state, cause in product([state for state in states if books in STATES[state].books], causes):
        if expressible(cause, books) and cause not in STATES[state].never:
            if cause in PLAYS:
                yield from (Spot(cause, firing, state) for firing in (True, False))
            elif cause in (Cause.ACCEPTED_UNAPPLIED, Cause.RECEIPT_DEPOSITED):
                yield Spot(cause, True, state)


def _walk(world: World, walks: list[Walk]) -> None:
    """From the scenes to the proof, for one way out of each."""
    world.hands.close_period(ALL_OPEN)
    accounts = world.scene.desk.company.deposit_accounts
    _set_up(world, walks)
    for walk in walks:
        walk.before = found.cause if (found := open_failure(world, walk.case.number)) else None
    walks[:] = [walk for walk in walks if _happens(world, walk, first=walk is walks[0])]
    _sync(world)
    reconciliation.run_once(world.scene.desk)
    for walk in walks:
        if found := open_failure(world, walk.case.number):
            _look(world, walk, found)
    for step in range(STEPS):
        chosen = [(walk, ways) for walk in walks if (ways := ways_out(world, walk)[0 if step else walk.way :])]
        if not chosen:
            break
        for last in (False, True):
            _take(world, [(walk, ways[0]) for walk, ways in chosen if ways[0].last is last])
    _prove(world, walks)
    desk = world.scene.desk
    world.scene.desk = replace(desk, company=replace(desk.company, deposit_accounts=accounts))


def _happens(world: World, walk: Walk, *, first: bool) -> bool:
    """Whether the books let the rest of the state happen; what concerns the company happens once."""
    state = STATES[walk.spot.state]
    try:
        if first or not state.company_wide:
            state.happens(world, walk.case)
    except BooksRefused:
        return False
    return True


def _sync(world: World) -> None:
    world.later(SECONDS_BETWEEN_SYNCS / 3600)
    world.scene.sync()


def _set_up(world: World, walks: list[Walk]) -> None:
    together = [(PLAYS[walk.spot.cause][not walk.spot.firing], walk.case) for walk in walks if walk.spot.cause in PLAYS]
    swallowed = [walk.case for walk in walks if walk.spot.cause is Cause.ACCEPTED_UNAPPLIED]
    banked = [walk.case for walk in walks if walk.spot.cause is Cause.RECEIPT_DEPOSITED]
    for case in (*swallowed, *banked):
        owe(world, case)
    if swallowed:
        swallow(world, *swallowed)
    if banked:
        swallow_and_deposit(world, banked)
    set_up(world, together)


def open_failure(world: World, number: str) -> StoredFailure | None:
    """The open failure of a payment, about its posting or else about what its feed says."""
    with world.scene.db.read() as connection:
        told = (failures.open_of(connection, "acme", number, about) for about in ("payment", "correction", "intake"))
        return next((failure for failure in told if failure is not None), None)


def _prove(world: World, walks: list[Walk]) -> None:
    """What the proof says of each payment in the end."""
    desk = world.scene.desk
    reconciliation.run_once(desk)
    with world.scene.db.read() as connection:
        stored = payments.by_numbers(connection, "acme", {walk.case.number for walk in walks})
    page = proof_reading.read(desk, [stored[walk.case.number] for walk in walks])
    for walk, sides in zip(walks, page.sides, strict=True):
        walk.standing = judge(sides).standing
        walk.failure = str(told.cause) if (told := seen(world, walk.case)).cause else ""


# --- what a card says -----------------------------------------------------------------------------------------------------


def _look(world: World, walk: Walk, found: StoredFailure) -> None:
    """What the card says when it is first shown: its sentence must be so, and nothing it offers may be refused."""
    walk.told, walk.offered = found.cause, len(ways_out(world, walk))
    evidence, diagnosis = _evidence(world, found), found.diagnosis
    if evidence is None or diagnosis is None:
        return
    walk.false += false_words(diagnosis, evidence)
    for remedy in found.offered:
        options = named_by_a_person(remedy, diagnosis, evidence, walk.case)
        if options is not None and (refused := _refused(world, walk.case.number, remedy, options)):
            walk.false.append(f"{remedy} is offered, and refused: {refused}")


def false_words(diagnosis: Diagnosis, evidence: Evidence) -> list[str]:
    """What the sentence says that the evidence does not bear out."""
    sentence, found = rules.sentence(diagnosis, WORDS), []
    if evidence.unread and ("not found" in sentence or "not in the books" in sentence):
        found.append(f"not everything was read: {sentence}")
    candidates = evidence.other_invoices or any(line.successors for line in evidence.lines)
    if candidates and "no replacement" in sentence:
        found.append(f"a candidate stands: {sentence}")
    return found


def _refused(world: World, number: str, remedy: Remedy, options: Mapping[str, object]) -> str:
    try:
        requests.shown(world.scene.desk, number, remedy, by="dana", options=options)
    except (CannotBeDone, NotPermitted, StaleDecision) as error:
        return error.message
    return ""


def _evidence(world: World, found: StoredFailure) -> Evidence | None:
    with world.scene.db.read() as connection:
        return kept_evidence.find(connection, "acme", found.evidence_id)


# --- the ways out of a failure ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """Something that may end a failure: `work` by hand, and then a remedy, unless the work alone ended it."""

    rule: str
    remedy: Remedy | None
    work: Work | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.remedy.value if self.remedy else BY_HAND

    @property
    def last(self) -> bool:
        """Whether it helps other payments as well, so that it is taken after all the rest."""
        return bool(self.work and self.work.company_wide)


def ways_out(world: World, walk: Walk) -> list[Way]:
    """What the open failure offers that may end it and was not done yet, in the card's order; none where nothing is open."""
    found = open_failure(world, walk.case.number)
    if found is None or found.diagnosis is None:
        return []
    evidence, rule, ways = _evidence(world, found), found.diagnosis.primary.rule, list[Way]()
    work = work_of(found.diagnosis)
    for remedy in found.offered:
        if remedy is Remedy.RETRY and work:
            ways.append(Way(rule, remedy, work))
        elif evidence and (options := named_by_a_person(remedy, found.diagnosis, evidence, walk.case)) is not None:
            ways.append(Way(rule, remedy, options=options))
    if work and Remedy.RETRY not in found.offered:
        ways.append(Way(rule, None, work))
    return [way for way in ways if (way.rule, way.name) not in walk.taken]


def _take(world: World, chosen: Sequence[tuple[Walk, Way]]) -> None:
    """The work of all of them, a sync, what is still to be decided, and what came of it."""
    if not chosen:
        return
    for walk, way in chosen:
        walk.done.append(way.name)
        walk.taken.add((way.rule, way.name))
        try:
            if way.work:
                way.work.does(world, walk.case)
        except BooksRefused as refusal:
            walk.done[-1] += f" (the books refuse: {refusal.message})"
    if any(way.work for _, way in chosen):
        _sync(world)
    asked = {walk.case.number: _decide(world, walk, way) for walk, way in chosen if way.remedy}
    for _ in range(len(asked) // DECISIONS_PER_RUN + 1):
        carrying_out.run_once(world.scene.desk)
    _sync(world)
    for walk, _ in chosen:
        with world.scene.db.read() as connection:
            made = decisions.find(connection, "acme", asked.get(walk.case.number, ""))
        if made and made.state in ("refused", "stale", "failed"):
            walk.false.append(f"{made.remedy} was {made.state} when pressed: {made.outcome}")


def _decide(world: World, walk: Walk, way: Way) -> str:
    """Asks as a person does, and a second one agrees where two are needed. The id of the decision, "" where there is none."""
    desk, found = world.scene.desk, open_failure(world, walk.case.number)
    if found is None or way.remedy is None or (way.work and way.remedy not in found.offered):
        return ""
    try:
        asked = requests.request(
            desk, walk.case.number, way.remedy, by="dana", channel="cli", options=way.options, evidence_id=found.shown
        )
        if asked.state == "waiting_approval":
            requests.approve(desk, asked.id, by="sam")
    except (CannotBeDone, NotFound, NotPermitted, StaleDecision) as error:
        walk.false.append(f"{way.remedy} was refused when pressed: {error.message}")
        return ""
    return asked.id


def named_by_a_person(remedy: Remedy, diagnosis: Diagnosis, evidence: Evidence, case: Case) -> dict[str, object] | None:
    """What a person names with a remedy; None where it ends nothing: no proof to dismiss with, nothing to match."""
    match remedy:
        case Remedy.WAIT | Remedy.ESCALATE | Remedy.RECONNECT | Remedy.RETRY:
            return None
        case Remedy.DISMISS if not evidence.correction:
            return _proof(diagnosis, evidence)
        case Remedy.RECREATE_RECEIPT:
            undecided = rules.undecided_lines(evidence, diagnosis)
            return {"successor": f"#{undecided[0].successors[0].id}"} if undecided else {}
        case Remedy.NOT_DUPLICATE:
            suspects = rules.may_be_other_money(evidence)
            return {"receipt": f"#{suspects[0].receipt.id}", "cash_reference": "check 4471"} if suspects else None
        case Remedy.MATCH:
            near = [f"#{line.near[0].invoice.id}" for line in evidence.lines if line.near]
            near += [f"#{line.invoice_id}" for line in rules.unmatched(evidence) if line.invoice_id]
            of = [f"#{found.customer.id}" for found in evidence.near_customers]
            if rules.may_be_merged(evidence):  # who remains is known to whoever merged them
                return {"to_customer": f"Remaining {case.customer}"} if "remaining" in case.made else None
            if near:
                return {"to_invoice": near}
            return {"to_customer": of[0]} if of else None
        case Remedy.RECORD_RETURN:
            return {} if rules.makes_returns(evidence) else {"entry": f"JE {evidence.payment.transaction_number}"}
    return {}


def _proof(diagnosis: Diagnosis, evidence: Evidence) -> dict[str, object] | None:
    """What proves a dismissal: what the card proposes, else the receipts that may be this money."""
    whole = [f"#{found.receipt.id}" for found in rules.read(evidence).suspects]
    for options in ({}, {"proof": whole} if whole else {}):
        try:
            if rules.proof_of(diagnosis, evidence, options).given:
                return dict(options)
        except CannotBeDone:
            continue
    return None


# --- the command --------------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(prog="make walk", description=__doc__)
    parser.add_argument("--books", nargs="+", choices=EVERY, default=EVERY)
    parser.add_argument("--states", nargs="+", choices=tuple(STATES), default=tuple(STATES))
    parser.add_argument("--causes", nargs="+", choices=tuple(map(str, Cause)), default=tuple(map(str, Cause)))
    parser.add_argument("--first", action="store_true", help="walk a failure no further once one way ended it")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found: dict[str, Walked] = {}
    for name in asked.books:
        with TemporaryDirectory() as folder, a_world(name, Path(folder)) as world:
            found[name] = walk_all(world, spots_of(name, asked.states, map(Cause, asked.causes)), every_way=not asked.first)
            lift(world, found[name])
    if asked.json:
        print(json.dumps({name: plain(walked) for name, walked in found.items()}, indent=2))
    else:
        for name, walked in found.items():
            _print(name, walked)
    sys.exit(1 if any(walked.wrong or walked.stuck for walked in found.values()) else 0)


def plain(walked: Walked) -> dict[str, object]:
    """What was walked, for programs."""
    dead = {str(spot): tried for spot, tried in walked.dead_ends.items()}
    return {"ended": walked.counts(), "dead_ends": dead, "false": walked.false, "stuck": walked.stuck}


def _print(name: str, walked: Walked) -> None:
    print(f"{name}: {len(walked.walks)} walks, {len(walked.dead_ends)} dead ends")
    for cause, counted in walked.counts().items():
        print(f"  {cause:24}", ", ".join(f"{how} {times}" for how, times in counted.items()))
    for spot, tried in walked.dead_ends.items():
        print(f"  DEAD END {spot}: {'; '.join(tried)}")
    for where, said in walked.false.items():
        print(f"  FALSE {where}: {'; '.join(said)}")


if __name__ == "__main__":
    main()
