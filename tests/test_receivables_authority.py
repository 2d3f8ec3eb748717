"""Who may decide what: nobody without a right, nobody alone above the limit, and of two nobody on their own documents."""

from __future__ import annotations

import itertools
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.authority import (
    BY_ITS_MAKER,
    Answer,
    DayLimit,
    DaySoFar,
    Person,
    Question,
    Right,
    Ruling,
    companies_of,
    deciders,
    decides_at,
    may_approve,
    may_decide,
    sees,
    shared_names,
)
from receivables.diagnosis import Remedy
from receivables.two_people import TwoPeople
from receivables.words import Words

LIMIT_MINOR = 500_000
DISMISS = Right("acme", Remedy.DISMISS, "USD", LIMIT_MINOR)


def a_person(id: str = "dana", *rights: Right, active: bool = True, books_names: tuple[str, ...] = ()) -> Person:
    return Person(id, id.title(), active, rights or (DISMISS,), frozenset(books_names))


def a_question(amount_minor: int = LIMIT_MINOR, *, two: TwoPeople | None = None, touched_by: tuple[str, ...] = ()) -> Question:
    return Question("acme", Remedy.DISMISS, amount_minor, "USD", frozenset(touched_by), two)


def test_without_configuration_nobody_may_decide_anything() -> None:
    nobody = Person("dana", "Dana")
    for remedy, amount_minor, two in itertools.product(Remedy, (0, 1, LIMIT_MINOR), (None, TwoPeople.NO_PROOF)):
        question = Question("acme", remedy, amount_minor, "USD", two=two)
        for person in (None, nobody):
            assert Ruling.REFUSED is may_decide(person, question).ruling
            assert Ruling.REFUSED is may_approve(a_person("kim"), person, question).ruling
            assert Ruling.REFUSED is may_approve(person, a_person("kim"), question).ruling


def test_who_reads_sees_a_company_and_decides_nothing_there() -> None:
    reader = Person("bea", "Bea", reads=frozenset({"acme"}))
    assert Ruling.REFUSED is may_decide(reader, a_question(0)).ruling
    assert Ruling.REFUSED is may_approve(reader, a_person(), a_question(LIMIT_MINOR + 1)).ruling
    assert (True, False, False) == (sees(reader, "acme"), decides_at(reader, "acme"), sees(reader, "beta"))
    assert [frozenset({"acme"}), frozenset()] == [companies_of(reader), companies_of(replace(reader, active=False))]
    assert ["dana"] == [person.id for person in deciders([reader, a_person()], "acme", Remedy.DISMISS, "USD")]


@pytest.mark.parametrize("decided_minor", [0, 1, 400, 401, 5_000])
def test_above_the_limit_of_the_day_it_takes_a_second_person(decided_minor: int) -> None:
    dana = replace(a_person(), day_limits=(DayLimit("acme", frozenset({Remedy.DISMISS, Remedy.MATCH}), "USD", 500),))
    decided = {("dana", Remedy.MATCH): decided_minor, ("kim", Remedy.DISMISS): 9_999, ("dana", Remedy.RETRY): 9_999}
    question = replace(a_question(100), day=DaySoFar(Words("en_US", ZoneInfo("America/Chicago")), decided))
    assert (Ruling.ALLOWED if decided_minor <= 400 else Ruling.SECOND_PERSON) is may_decide(dana, question).ruling
    assert Ruling.ALLOWED is may_decide(a_person("kim"), question).ruling
    assert Ruling.ALLOWED is may_decide(dana, replace(question, company="acme", day=None)).ruling


@pytest.mark.parametrize(
    ("amount_minor", "ruling"),
    [
        (0, Ruling.ALLOWED),
        (LIMIT_MINOR - 1, Ruling.ALLOWED),
        (LIMIT_MINOR, Ruling.ALLOWED),
        (LIMIT_MINOR + 1, Ruling.SECOND_PERSON),
    ],
)
def test_a_limit_holds_to_the_last_minor_unit(amount_minor: int, ruling: Ruling) -> None:
    assert ruling is may_decide(a_person(), a_question(amount_minor)).ruling


def test_a_right_is_for_one_company_one_remedy_and_one_currency() -> None:
    for company, remedy, currency in itertools.product(("acme", "beta"), Remedy, ("USD", "EUR", "usd")):
        allowed = (company, remedy, currency) == ("acme", Remedy.DISMISS, "USD")
        answer = may_decide(a_person(), Question(company, remedy, 1, currency))
        assert (Ruling.ALLOWED if allowed else Ruling.REFUSED) is answer.ruling


def test_an_inactive_person_may_nothing_not_even_as_the_second() -> None:
    gone = a_person("kim", active=False)
    assert Ruling.REFUSED is may_decide(gone, a_question(1)).ruling
    assert Ruling.REFUSED is may_approve(gone, a_person(), a_question()).ruling
    assert Ruling.REFUSED is may_approve(a_person(), gone, a_question()).ruling


@pytest.mark.parametrize("row", TwoPeople)
def test_each_row_of_the_table_takes_two_people_whatever_the_limit(row: TwoPeople) -> None:
    question = a_question(1, two=row)
    assert Answer(Ruling.SECOND_PERSON, row.said) == may_decide(a_person(), question)
    assert Ruling.ALLOWED is may_approve(a_person("kim"), a_person(), question).ruling


@pytest.mark.parametrize("touched_by", ["Dana R.", "DANA R.", "dana r."])
@pytest.mark.parametrize(("amount_minor", "two"), [(LIMIT_MINOR + 1, None), (1, TwoPeople.NO_PROOF)])
def test_whoever_made_the_document_is_neither_of_the_two(amount_minor: int, two: TwoPeople | None, touched_by: str) -> None:
    maker = a_person(books_names=("dana", "Dana R."))
    question = a_question(amount_minor, two=two, touched_by=("somebody", touched_by))
    assert Ruling.REFUSED is may_decide(maker, question).ruling
    assert Ruling.REFUSED is may_approve(maker, a_person("kim"), question).ruling
    assert Ruling.REFUSED is may_approve(a_person("kim"), maker, question).ruling
    assert Ruling.SECOND_PERSON is may_decide(a_person("kim", books_names=("Kim",)), question).ruling


@pytest.mark.parametrize("amount_minor", [0, 1, LIMIT_MINOR])
def test_whoever_made_the_document_asks_and_never_decides_alone_below_the_limit_either(amount_minor: int) -> None:
    maker = a_person(books_names=("dana",))
    question = a_question(amount_minor, touched_by=("dana",))
    assert Ruling.SECOND_PERSON is may_decide(maker, question).ruling
    assert Ruling.ALLOWED is may_decide(a_person("kim"), question).ruling
    assert Ruling.ALLOWED is may_approve(a_person("kim"), maker, question).ruling


def test_whoever_agrees_to_what_the_maker_asked_could_decide_it_alone() -> None:
    maker, question = a_person(books_names=("dana",)), a_question(LIMIT_MINOR, touched_by=("dana",))
    small = a_person("kim", replace(DISMISS, limit_minor=LIMIT_MINOR - 1))
    assert Ruling.REFUSED is may_approve(small, maker, question).ruling  # above the limit neither of the two is the maker
    assert Ruling.REFUSED is may_approve(maker, small, question).ruling
    other = a_person("kim", books_names=("DANA",))
    assert Ruling.REFUSED is may_approve(other, maker, question).ruling  # two makers are no second pair of eyes


@pytest.mark.parametrize("written", ["Dana R.", "DANA  R. ", "\uff24ana R.", "dana\u00a0r."])
def test_a_name_in_the_books_is_recognized_in_every_spelling(written: str) -> None:
    question = a_question(1, touched_by=(written,))
    assert Ruling.SECOND_PERSON is may_decide(a_person(books_names=("Dana R.",)), question).ruling


def test_whoever_imported_the_payment_does_not_decide_about_it_alone() -> None:
    question = replace(a_question(1), imported_by="dana")
    said = f"{a_person().name} imported this payment, so somebody else must agree."
    assert Answer(Ruling.SECOND_PERSON, said) == may_decide(a_person(), question)
    assert Ruling.ALLOWED is may_decide(a_person("kim"), question).ruling
    assert Ruling.ALLOWED is may_approve(a_person("kim"), a_person(), question).ruling
    assert Ruling.REFUSED is may_decide(a_person(), replace(question, amount_minor=LIMIT_MINOR + 1)).ruling


def test_in_an_office_of_one_the_maker_decides_and_it_is_said() -> None:
    maker, question = a_person(books_names=("dana",)), replace(a_question(1, touched_by=("dana",)), solo=True)
    assert Answer(Ruling.ALLOWED, BY_ITS_MAKER, by_maker=True) == may_decide(maker, question)
    assert Answer(Ruling.ALLOWED) == may_decide(a_person("kim"), question)
    above = replace(question, amount_minor=LIMIT_MINOR + 1)
    assert (Ruling.SECOND_PERSON, True) == ((answer := may_decide(maker, above)).ruling, answer.by_maker)
    assert (Ruling.ALLOWED, True) == ((answer := may_approve(a_person("kim"), maker, above)).ruling, answer.by_maker)


def test_where_the_books_do_not_tell_who_made_it_the_answer_says_so() -> None:
    question = replace(a_question(1), unknown_makers=("receipt R1007", "credit memo CM-1"))
    said = "The books do not tell who made receipt R1007 and credit memo CM-1."
    assert Answer(Ruling.ALLOWED, said) == may_decide(a_person(), question)
    assert said in may_decide(a_person(), replace(question, amount_minor=LIMIT_MINOR + 1)).reason


def test_one_human_being_configured_twice_is_no_second_person() -> None:
    account = frozenset({("T1", "U1")})
    question = a_question(LIMIT_MINOR + 1)
    for first, second in (
        (replace(a_person(), slack_accounts=account), replace(a_person("kim"), slack_accounts=account)),
        (a_person(books_names=("Dana R.",)), a_person("kim", books_names=("dana r.",))),
    ):
        assert Ruling.REFUSED is may_approve(second, first, question).ruling
    assert ("Dana R.",) == shared_names(a_person(books_names=("Dana R.", "x")), a_person("kim", books_names=("DANA R.",)))


def test_being_the_person_of_that_id_is_not_having_that_name_in_the_books() -> None:
    question = a_question(LIMIT_MINOR + 1, touched_by=("dana", ""))
    assert Ruling.SECOND_PERSON is may_decide(a_person("dana"), question).ruling


def test_nobody_approves_their_own_choice_even_under_another_name() -> None:
    same = replace(a_person(), name="Somebody Else", books_names=frozenset({"x"}))
    assert Ruling.REFUSED is may_approve(a_person(), a_person(), a_question(LIMIT_MINOR + 1)).ruling
    assert Ruling.REFUSED is may_approve(same, a_person(), a_question(LIMIT_MINOR + 1)).ruling


def test_every_refusal_has_a_reason_that_names_no_limit_of_others() -> None:
    persons = (None, Person("dana", "Dana"), a_person(active=False), a_person(books_names=("x",)))
    for person in persons:
        answer = may_decide(person, a_question(LIMIT_MINOR + 1, touched_by=("x",)))
        assert (Ruling.REFUSED, True) == (answer.ruling, answer.reason.endswith("."))
    second = may_decide(a_person(), a_question(LIMIT_MINOR + 1))
    assert "limit of Dana" in second.reason
    assert "5000" not in second.reason


RIGHTS = st.builds(
    Right, st.sampled_from(["acme", "beta"]), st.sampled_from(list(Remedy)), st.sampled_from(["USD", "EUR"]), st.integers(0, 5)
)
BOOKS_NAMES = st.frozensets(st.sampled_from(["Ann", "BOB", "cy"]), max_size=2)
PERSONS = st.none() | st.builds(
    Person,
    st.sampled_from(["dana", "kim"]),
    st.sampled_from(["Dana", "Kim"]),
    st.booleans(),
    st.lists(RIGHTS, max_size=25).map(tuple),
    BOOKS_NAMES,
)
QUESTIONS = st.builds(
    Question,
    st.sampled_from(["acme", "beta"]),
    st.sampled_from(list(Remedy)),
    st.integers(0, 6),
    st.sampled_from(["USD", "EUR"]),
    st.frozensets(st.sampled_from(["ann", "Bob", "CY", ""]), max_size=1),
    st.none() | st.sampled_from(list(TwoPeople)),
    st.sampled_from(["", "dana", "kim"]),
    st.just(()),
    st.booleans(),
)


def has_right(person: Person | None, question: Question) -> bool:
    """Said a second time, by counting what speaks for it."""
    return person is not None and person.active and best_limit(person, question) >= 0


def made_it(person: Person | None, question: Question) -> bool:
    names = person.books_names if person else frozenset()
    imported = person is not None and person.id == question.imported_by
    return imported or bool({name.lower() for name in names} & {name.lower() for name in question.touched_by})


def takes_two(person: Person | None, question: Question) -> bool:
    return question.two is not None or question.amount_minor > best_limit(person, question)


def best_limit(person: Person | None, question: Question) -> int:
    rights = person.rights if person else ()
    wanted = (question.company, question.remedy, question.currency)
    return max((r.limit_minor for r in rights if (r.company, r.remedy, r.currency) == wanted), default=-1)


@given(person=PERSONS, question=QUESTIONS)
def test_may_decide_agrees_with_the_rules_written_a_second_time(person: Person | None, question: Question) -> None:
    kept_out = made_it(person, question) and not question.solo
    if not has_right(person, question) or (kept_out and takes_two(person, question)):
        expected = Ruling.REFUSED
    else:
        expected = Ruling.SECOND_PERSON if kept_out or takes_two(person, question) else Ruling.ALLOWED
    assert expected is may_decide(person, question).ruling


@given(approver=PERSONS, requester=PERSONS, question=QUESTIONS)
def test_approval_takes_two_people_with_rights_of_their_own(
    approver: Person | None, requester: Person | None, question: Question
) -> None:
    both = has_right(approver, question) and has_right(requester, question)
    different = approver is not None and requester is not None and approver.id != requester.id
    if approver is not None and requester is not None:
        different &= not {name.lower() for name in approver.books_names} & {name.lower() for name in requester.books_names}
    makers = [person for person in (approver, requester) if made_it(person, question)]
    alone = not takes_two(approver, question) and not takes_two(requester, question)  # it took two for its maker alone
    clean = question.solo or not makers or (makers == [requester] and alone)
    expected = Ruling.ALLOWED if both and different and clean else Ruling.REFUSED
    assert expected is may_approve(approver, requester, question).ruling
