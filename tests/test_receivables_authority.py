"""Who may decide what: nobody without a right, nobody alone above the limit, and of two nobody on their own documents."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.authority import Person, Question, Right, Ruling, may_approve, may_decide
from receivables.diagnosis import Remedy

LIMIT_MINOR = 500_000
DISMISS = Right("acme", Remedy.DISMISS, "USD", LIMIT_MINOR)


def a_person(id: str = "dana", *rights: Right, active: bool = True, books_names: tuple[str, ...] = ()) -> Person:
    return Person(id, id.title(), active, rights or (DISMISS,), frozenset(books_names))


def a_question(amount_minor: int = LIMIT_MINOR, *, without_proof: bool = False, touched_by: tuple[str, ...] = ()) -> Question:
    return Question("acme", Remedy.DISMISS, amount_minor, "USD", without_proof, frozenset(touched_by))


def test_without_configuration_nobody_may_decide_anything() -> None:
    nobody = Person("dana", "Dana")
    for remedy, amount_minor, without_proof in itertools.product(Remedy, (0, 1, LIMIT_MINOR), (False, True)):
        question = Question("acme", remedy, amount_minor, "USD", without_proof)
        for person in (None, nobody):
            assert Ruling.REFUSED is may_decide(person, question).ruling
            assert Ruling.REFUSED is may_approve(a_person("kim"), person, question).ruling
            assert Ruling.REFUSED is may_approve(person, a_person("kim"), question).ruling


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


def test_a_dismissal_without_proof_takes_two_people_whatever_the_limit() -> None:
    question = a_question(1, without_proof=True)
    assert Ruling.SECOND_PERSON is may_decide(a_person(), question).ruling
    assert Ruling.ALLOWED is may_approve(a_person("kim"), a_person(), question).ruling


@pytest.mark.parametrize("touched_by", ["Dana R.", "DANA R.", "dana r."])
@pytest.mark.parametrize(("amount_minor", "without_proof"), [(LIMIT_MINOR + 1, False), (1, True)])
def test_whoever_made_the_document_is_neither_of_the_two(amount_minor: int, without_proof: bool, touched_by: str) -> None:
    maker = a_person(books_names=("dana", "Dana R."))
    question = a_question(amount_minor, without_proof=without_proof, touched_by=("somebody", touched_by))
    assert Ruling.REFUSED is may_decide(maker, question).ruling
    assert Ruling.REFUSED is may_approve(maker, a_person("kim"), question).ruling
    assert Ruling.REFUSED is may_approve(a_person("kim"), maker, question).ruling
    assert Ruling.SECOND_PERSON is may_decide(a_person("kim", books_names=("Kim",)), question).ruling


def test_within_the_limit_whoever_made_the_document_decides_alone_but_never_as_one_of_two() -> None:
    maker = a_person(books_names=("dana",))
    question = a_question(LIMIT_MINOR, touched_by=("dana",))
    assert Ruling.ALLOWED is may_decide(maker, question).ruling
    generous = a_person("kim", replace(DISMISS, limit_minor=1))
    assert Ruling.REFUSED is may_approve(maker, generous, question).ruling


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
    st.booleans(),
    st.frozensets(st.sampled_from(["ann", "Bob", "CY", ""]), max_size=1),
)


def has_right(person: Person | None, question: Question) -> bool:
    """Said a second time, by counting what speaks for it."""
    return person is not None and person.active and best_limit(person, question) >= 0


def made_it(person: Person | None, question: Question) -> bool:
    names = person.books_names if person else frozenset()
    return bool({name.lower() for name in names} & {name.lower() for name in question.touched_by})


def best_limit(person: Person | None, question: Question) -> int:
    rights = person.rights if person else ()
    wanted = (question.company, question.remedy, question.currency)
    return max((r.limit_minor for r in rights if (r.company, r.remedy, r.currency) == wanted), default=-1)


@given(person=PERSONS, question=QUESTIONS)
def test_may_decide_agrees_with_the_rules_written_a_second_time(person: Person | None, question: Question) -> None:
    if not has_right(person, question):
        expected = Ruling.REFUSED
    elif question.without_proof or question.amount_minor > best_limit(person, question):
        expected = Ruling.REFUSED if made_it(person, question) else Ruling.SECOND_PERSON
    else:
        expected = Ruling.ALLOWED
    assert expected is may_decide(person, question).ruling


@given(approver=PERSONS, requester=PERSONS, question=QUESTIONS)
def test_approval_takes_two_people_with_rights_of_their_own(
    approver: Person | None, requester: Person | None, question: Question
) -> None:
    both = has_right(approver, question) and has_right(requester, question)
    different = approver is not None and requester is not None and approver.id != requester.id
    clean = not made_it(approver, question) and not made_it(requester, question)
    expected = Ruling.ALLOWED if both and different and clean else Ruling.REFUSED
    assert expected is may_approve(approver, requester, question).ruling
