"""The oracle of bookings convicts each kind of fault, and nobody who is innocent."""

from typing import Literal

from tests.chaos.oracle.bookings import Deed, Quarter, Result, violations

NINE: Quarter = ("room:east", "09:00")
TEN: Quarter = ("room:east", "10:00")


def deed(
    appointment: str,
    *wants: Quarter,
    at: tuple[int, int],
    op: Literal["book", "move", "cancel"] = "book",
    result: Result = "ok",
    lapsed: bool = False,
) -> Deed:
    return Deed(op, appointment, wants, *at, result, lapsed)


def found(
    *history: Deed, end: dict[str, set[Quarter]], lapsed: dict[str, set[Quarter]] | None = None
) -> list[str]:
    """Judge a history whose claims are what its appointments need; return the kinds of what is wrong."""
    standing = {name: frozenset(quarters) for name, quarters in end.items()}
    run_out = {name: frozenset(quarters) for name, quarters in (lapsed or {}).items()}
    claims = [(name, one) for name, quarters in {**standing, **run_out}.items() for one in quarters]
    return [line[:2] for line in violations(history, standing, run_out, claims)]


def test_one_after_the_other_is_no_double_booking() -> None:
    history = [
        deed("a", NINE, at=(0, 2)),
        deed("a", at=(3, 5), op="cancel"),
        deed("b", NINE, at=(4, 6)),  # asked before the cancellation was answered
    ]

    assert found(*history, end={"b": {NINE}}) == []


def test_two_at_once_are_convicted_although_the_end_looks_clean() -> None:
    history = [
        deed("a", NINE, at=(0, 2)),
        deed("b", NINE, at=(3, 4)),
        deed("a", at=(5, 6), op="cancel"),
    ]

    assert found(*history, end={"b": {NINE}}) == ["B1"]


def test_two_at_the_end_are_convicted_without_a_history() -> None:
    assert "B2" in found(end={"a": {NINE}, "b": {NINE}})


def test_a_move_gives_back_what_it_leaves() -> None:
    history = [
        deed("a", NINE, at=(0, 1)),
        deed("a", TEN, at=(2, 4), op="move"),
        deed("b", NINE, at=(3, 5)),
    ]

    assert found(*history, end={"a": {TEN}, "b": {NINE}}) == []


def test_whoever_is_refused_was_refused_for_somebody() -> None:
    in_the_way = [deed("a", NINE, at=(0, 2)), deed("b", NINE, TEN, at=(1, 3), result="taken")]
    nobody = [deed("a", NINE, at=(5, 6)), deed("b", NINE, TEN, at=(1, 3), result="taken")]

    assert found(*in_the_way, end={"a": {NINE}}) == []
    assert found(*nobody, end={"a": {NINE}}) == ["B3"]


def test_a_hold_that_has_run_out_keeps_nobody_away_and_may_stay() -> None:
    history = [deed("a", NINE, at=(0, 1), lapsed=True), deed("b", TEN, at=(2, 3))]

    assert found(*history, end={"b": {TEN}}, lapsed={"a": {NINE}}) == []
    assert found(*history, deed("c", NINE, at=(4, 5)), end={"b": {TEN}, "c": {NINE}}) == []


def test_a_claim_of_nothing_and_a_missing_claim_are_seen() -> None:
    standing = {"a": frozenset({NINE})}

    assert [line[:2] for line in violations([], standing, {}, [])] == ["B4"]
    assert [line[:2] for line in violations([], {}, {}, [("a", NINE)])] == ["B4"]


def test_a_booking_that_was_acknowledged_and_is_gone_is_seen() -> None:
    assert found(deed("a", NINE, at=(0, 1)), end={}) == ["B5"]
