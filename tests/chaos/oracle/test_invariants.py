"""The oracle convicts forged journals and forged databases: one planted fault per invariant."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.oracle.invariants import violations
from tests.chaos.oracle.journal import Entry, Journal, Mark, read, unresolved
from tests.chaos.oracle.record import Record

ROOM, OFFICER, OTHER = "room", "officer", "other"


def entry(mark: Mark, op: str, *, who: str = ROOM, key: str = "", value: str = "", code: str = "") -> Entry:
    return Entry(1.0, 100.0, who, op, key or op, mark, "v1", code, value)


def a_journal() -> list[Entry]:
    """One visit, from registration to outcome, as its clients saw it."""
    deeds = [
        ("register", ROOM, "A-001"),
        ("raise", ROOM, ""),
        ("answer", OFFICER, ""),
        ("chat", OFFICER, ""),
        ("draft", OFFICER, "2"),
        ("end", OFFICER, ""),
        ("outcome", OFFICER, "JF2026-000001"),
    ]
    return [
        entry(mark, op, who=who, value=value if mark == "ok" else "")
        for op, who, value in deeds
        for mark in ("invoke", "ok")
    ]


def a_visit(**changes: object) -> Mapping[str, object]:
    made: dict[str, object] = {
        "id": "v1",
        "place_id": ROOM,
        "ticket": "A-001",
        "state": "outcome_logged",
        "officer_id": OFFICER,
        "outcome_owner_id": OFFICER,
        "pending_reason": None,
        "registered_at": "1970-01-01 00:01:40.000000",
        "answered_at": "1970-01-01 00:01:41.000000",
        "ended_at": "1970-01-01 00:01:42.000000",
        "closed_at": "1970-01-01 00:01:43.000000",
    }
    return made | changes


def an_event(kind: str, number: int) -> Mapping[str, object]:
    return {"visit_id": "v1", "seq": number, "kind": kind, "person_id": None}


def a_record() -> Record:
    """What the database holds after that visit."""
    kinds = ("raised", "answered", "call_ended", "outcome_logged")
    return Record(
        visits=[a_visit()],
        events=[an_event(kind, number) for number, kind in enumerate(kinds, 1)],
        outcomes=[{"visit_id": "v1", "receipt": "JF2026-000001", "code": "answered_on_spot"}],
        audits=[{"seq": 1, "action": "outcome_logged", "object_id": "v1"}],
        drafts=[],
        lines=[{"visit_id": "v1", "seat": OFFICER}],
        places=[],
        answers=[],
        facts=[],
    )


def asked(entries: list[Entry], record: Record) -> list[str]:
    return violations(entries, record, rooms=[ROOM])


def test_an_honest_record_is_acquitted() -> None:
    assert asked(a_journal(), a_record()) == []


def test_a_visit_on_its_way_is_in_order_only_while_its_officer_works() -> None:
    record = replace(a_record(), visits=[a_visit(state="in_call")], outcomes=[], audits=[])
    entries = [line for line in a_journal() if line.op in ("register", "raise", "answer", "chat")]
    record = replace(record, events=record.events[:2])

    assert violations(entries, record, rooms=[ROOM], running=True) == []
    assert violations(entries, record, rooms=[ROOM]) != []


def test_a_visit_that_is_suspended_or_owed_by_name_is_accounted_for() -> None:
    entries = [line for line in a_journal() if line.op in ("register", "raise", "answer", "chat")]
    record = replace(a_record(), outcomes=[], audits=[], events=a_record().events[:2])
    owed = a_visit(state="outcome_pending", pending_reason="officer_gone")

    assert asked(entries, replace(record, visits=[a_visit(state="suspended")])) == []
    assert asked(entries, replace(record, visits=[owed])) == []


FORGED: dict[str, tuple[str, Record]] = {
    "a registration that is lost": ("I1: registration", replace(a_record(), visits=[])),
    "another ticket than was told": ("I1: registration", replace(a_record(), visits=[a_visit(ticket="B")])),
    "a raise that is lost": ("I1: raise", replace(a_record(), events=a_record().events[1:])),
    "an answer that stands twice": (
        "I1: answer",
        replace(a_record(), events=[*a_record().events, an_event("answered", 9)]),
    ),
    "an outcome that is lost": ("I1: outcome", replace(a_record(), outcomes=[], audits=[])),
    "another receipt than was told": (
        "I1: outcome",
        replace(a_record(), outcomes=[{"visit_id": "v1", "receipt": "JF2026-000002", "code": "x"}]),
    ),
    "a chat line that is lost": ("I1: 1 lines", replace(a_record(), lines=[])),
    "a chat line that stands twice": ("I1: 1 lines", replace(a_record(), lines=a_record().lines * 2)),
    "a draft that is lost": (
        "I1: draft",
        replace(a_record(), outcomes=[], drafts=[{"visit_id": "v1", "version": 1}]),
    ),
    "a visit that nobody registered": (
        "I1: 1 visits nobody",
        replace(a_record(), visits=[a_visit(), a_visit(id="v2", registered_at="1970-01-01 00:02:00")]),
    ),
    "an answered visit without an outcome": (
        "I2",
        replace(a_record(), visits=[a_visit(state="cancelled")], outcomes=[], audits=[]),
    ),
    "an outcome owed by nobody": (
        "I2",
        replace(a_record(), visits=[a_visit(state="outcome_pending", outcome_owner_id=None)]),
    ),
    "an outcome owed for no reason": (
        "I2",
        replace(a_record(), visits=[a_visit(state="outcome_pending")], outcomes=[], audits=[]),
    ),
    "a visit that belongs to somebody else": ("I3", replace(a_record(), visits=[a_visit(officer_id=OTHER)])),
    "two visits in one room": (
        "I4: 2 visits",
        replace(a_record(), visits=[a_visit(state="in_call"), a_visit(id="v2", state="waiting")]),
    ),
    "a visit that began before the one before it had ended": (
        "I4: v2",
        replace(a_record(), visits=[a_visit(), a_visit(id="v2", registered_at="1970-01-01 00:01:41.5")]),
    ),
    "an outcome without an audit entry": ("I5: v1", replace(a_record(), audits=[])),
    "an audit entry without an outcome": ("I5: v1", replace(a_record(), outcomes=[])),
    "an audit chain with a gap": (
        "I5: the audit chain",
        replace(
            a_record(), audits=[*a_record().audits, {"seq": 3, "action": "duty_on", "object_id": OFFICER}]
        ),
    ),
}


@pytest.mark.parametrize(("complaint", "record"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_database_is_convicted(complaint: str, record: Record) -> None:
    assert any(line.startswith(complaint) for line in asked(a_journal(), record))


FORGED_JOURNALS: dict[str, tuple[str, list[Entry]]] = {
    "an answer that says that the service is broken": (
        "defect",
        [entry("defect", "outcome", code="500 internal")],
    ),
    "two officers who were both told that the visit is theirs": (
        "I3: 2 officers",
        [entry("ok", "answer", who=OTHER, key="second")],
    ),
    "two requests that were told the same registration": (
        "I1: two registrations",
        [entry("ok", "register", key="second", value="A-001")],
    ),
    "a line that was acknowledged to somebody else": ("I1: 1 lines", [entry("ok", "chat", key="second")]),
}


@pytest.mark.parametrize(("complaint", "more"), FORGED_JOURNALS.values(), ids=FORGED_JOURNALS.keys())
def test_a_journal_that_contradicts_the_record_convicts_it(complaint: str, more: list[Entry]) -> None:
    assert any(line.startswith(complaint) for line in asked([*a_journal(), *more], a_record()))


def test_what_had_no_answer_may_have_happened_once_and_not_twice() -> None:
    unanswered = [
        entry("invoke", "chat", who=OFFICER, key="k2"),
        entry("info", "chat", who=OFFICER, key="k2"),
    ]
    entries = [*a_journal(), *unanswered]
    lines = a_record().lines

    assert unresolved(entries, "chat") == {"k2"}
    assert asked(entries, a_record()) == []
    assert asked(entries, replace(a_record(), lines=lines * 2)) == []
    assert asked(entries, replace(a_record(), lines=lines * 3)) != []


def test_a_journal_is_on_the_disk_line_by_line(tmp_path: Path) -> None:
    with Journal(tmp_path / "clients.journal") as journal:
        journal.write("invoke", ROOM, "raise", "k")
        journal.write("ok", ROOM, "raise", "k", visit="v1", value="7")

        (asked_for, told) = read(journal.path)

    assert (asked_for.mark, asked_for.visit) == ("invoke", "")
    assert (told.mark, told.op, told.visit, told.value) == ("ok", "raise", "v1", "7")
    assert told.at >= asked_for.at
