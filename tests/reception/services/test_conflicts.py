"""Conflicts in the use cases: who is barred is not rung, not let in, taken out, and sees nothing."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.conflicts import ColleagueStaysOut, Conflict
from reception.domain.duty import DutyState
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import CaseId, PersonId, VisitId
from reception.domain.recusal import AlreadyDecided, AlreadyRecused, Origin
from reception.domain.registration import Matter
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import (
    accused,
    conflicts,
    desk,
    outcome,
    record,
    recusals,
    snapshot,
    suspension,
    views,
    visit,
)
from reception.services.accused import AccusedUnknown
from reception.services.line_record import read_lines
from reception.services.notes import Removed, RingStopped
from reception.services.work import Work
from reception.store.conflict_tables import AccusedRow, RecusalRow
from reception.store.tables import AuditRow, PromiseRow
from reception.store.visits import Visits
from tests.support.factories import CALL_BACK_WITHIN, RING_FOR, County, MadeVisit, a_form, an_outcome

T = TypeVar("T")


async def accuse(county: County, by: Officer, made: MadeVisit, unit: str, name: str = "") -> None:
    await county.edge.run(lambda work: accused.add_accused(work, by, made.id, unit=unit, name=name))


async def was_in(county: County, officer: Officer, unit: str, *, left: date | None = None) -> None:
    since = date(2020, 1, 1)
    await county.edge.run(
        lambda work: recusals.declare_posting(work, officer, unit=unit, since=since, to=left)
    )


async def case_of(county: County, made: MadeVisit) -> CaseId:
    return CaseId((await county.row(made.id)).case_id)


async def why_barred(county: County, officer: Officer, made: MadeVisit) -> Conflict | None:
    case = await case_of(county, made)
    return await county.read(lambda work: conflicts.conflict_of(work, officer.person, case))


async def office(county: County) -> Officer:
    return await county.officer(Role.PETITION_OFFICE)


async def call_of_two(county: County) -> tuple[MadeVisit, Officer, Officer]:
    """Return a running call with its host and a colleague who has joined."""
    host, colleague = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.IN_CALL, officer=host)
    await county.edge.run(lambda work: visit.invite(work, host, made.id, colleague.person))
    await county.edge.run(lambda work: visit.join(work, colleague, made.id))
    return made, host, colleague


async def seats(county: County, chosen: VisitId) -> set[str]:
    rows = await county.read(lambda work: Visits(work.session).participants(chosen))
    return {row.seat for row in rows}


# Who is barred


async def test_nobody_is_barred_from_a_case_that_accuses_nobody(county: County) -> None:
    officer, made = await county.officer(), await county.visit()

    assert await why_barred(county, officer, made) is None


async def test_unit_former_post_relative_and_name_bar(county: County) -> None:
    made = await county.visit(VisitState.WAITING)
    local = await county.officer(Role.TOWNSHIP_OFFICER)
    former, related, named, other = [await county.officer() for _ in range(4)]
    await was_in(county, former, county.township, left=date(2023, 3, 2))
    await county.edge.run(
        lambda work: recusals.declare_relative(
            work, related, unit=county.township, relation="spouse", name=""
        )
    )

    await accuse(county, await office(county), made, county.township, name=named.name)

    assert await why_barred(county, local, made) is Conflict.UNIT
    assert await why_barred(county, former, made) is Conflict.UNIT
    assert await why_barred(county, related, made) is Conflict.RELATIVE
    assert await why_barred(county, named, made) is Conflict.ACCUSED
    assert await why_barred(county, other, made) is None


async def test_a_post_left_a_day_more_than_three_years_ago_does_not_bar(county: County) -> None:
    made, former = await county.visit(VisitState.WAITING), await county.officer()
    await was_in(county, former, county.township, left=date(2023, 3, 1))

    await accuse(county, await office(county), made, county.township)

    assert await why_barred(county, former, made) is None


async def test_a_named_relative_of_the_accused_name_bars(county: County) -> None:
    made, officer = await county.visit(VisitState.WAITING), await county.officer()
    await county.edge.run(
        lambda work: recusals.declare_relative(
            work, officer, unit=county.other_township, relation="sibling", name="孙三"
        )
    )

    await accuse(county, await office(county), made, county.township, name="孙 三")

    assert await why_barred(county, officer, made) is Conflict.RELATIVE


@pytest.mark.both_databases
async def test_an_entry_that_is_taken_back_bars_nobody_and_stays_in_the_table(county: County) -> None:
    made, local = await county.visit(VisitState.WAITING), await county.officer(Role.TOWNSHIP_OFFICER)
    by = await office(county)
    await accuse(county, by, made, county.township)
    told = await county.read(lambda work: accused.read_accused(work, by, made.id))

    await county.edge.run(lambda work: accused.remove_accused(work, by, made.id, told.lines[0].id))

    assert await why_barred(county, local, made) is None
    rows = await county.read(lambda work: _all(work, AccusedRow))
    assert [(row.removed_by, row.removed_at) for row in rows] == [(by.person, county.clock.now)]
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: accused.remove_accused(work, by, made.id, told.lines[0].id))


async def test_the_table_does_not_tell_who_is_accused(county: County) -> None:
    first, second = await county.visit(VisitState.WAITING), await county.visit(VisitState.WAITING)
    by = await office(county)

    for made in (first, second):
        await accuse(county, by, made, county.township, name="孙三")

    rows = await county.read(lambda work: _all(work, AccusedRow))
    assert len({row.token for row in rows}) == 4, "the same unit has another token in another case"
    for row in rows:
        written = "".join(str(value) for value in (row.token, row.label_sealed))
        assert county.township not in written
        assert "孙三" not in written
        assert "东河镇" not in written


@pytest.mark.both_databases
async def test_the_same_unit_twice_is_one_entry(county: County) -> None:
    made, by = await county.visit(VisitState.WAITING), await office(county)

    await accuse(county, by, made, county.township, name="孙三")
    await accuse(county, by, made, county.township, name="李四")

    told = await county.read(lambda work: accused.read_accused(work, by, made.id))
    assert sorted(line.label for line in told.lines) == ["东河镇", "东河镇 孙三", "东河镇 李四"]


# Bells


async def test_a_barred_officer_is_not_rung_and_sees_no_queue(county: County) -> None:
    barred = await county.on_duty()
    await was_in(county, barred, county.township)
    made = await county.visit(VisitState.TOWNSHIP_ANSWERED)
    await accuse(county, await office(county), made, county.township)

    await county.raises(made)
    free = await county.on_duty()

    assert county.hall.rung(made.id) == {free.person}
    lines = await county.read(lambda work: _queues(work, barred, free))
    assert (lines[barred.person], lines[free.person]) == ([], [made.id])


async def test_a_bell_that_rings_falls_silent_as_if_the_visitor_had_gone(county: County) -> None:
    barred, free = await county.on_duty(), await county.on_duty()
    await was_in(county, barred, county.township)
    made = await county.visit(VisitState.WAITING)

    await accuse(county, await office(county), made, county.township)

    assert county.hall.of(RingStopped) == [RingStopped(made.id, (barred.person,), "cancelled")]
    await county.answers(free, made.id)


async def test_with_nobody_unbarred_on_duty_somebody_unbarred_owes_the_call_back(county: County) -> None:
    barred, unbarred = await county.on_duty(), await office(county)
    await was_in(county, barred, county.township)
    made = await county.visit(VisitState.WAITING)
    assert county.hall.rung(made.id) == {barred.person}
    await accuse(county, unbarred, made, county.township)
    county.clock.advance(minutes=5)

    await county.edge.run(
        lambda work: desk.promise_callbacks(work, ring_for=RING_FOR, within=CALL_BACK_WITHIN)
    )

    promises = await county.read(lambda work: _all(work, PromiseRow))
    assert [row.owner_id for row in promises] == [unbarred.person]


async def test_where_everybody_is_barred_the_sweep_goes_on_without_a_promise(county: County) -> None:
    by = await office(county)
    made = await county.visit(VisitState.WAITING)
    await accuse(county, by, made, county.organ)
    county.clock.advance(minutes=5)

    await county.edge.run(
        lambda work: desk.promise_callbacks(work, ring_for=RING_FOR, within=CALL_BACK_WITHIN)
    )

    assert await county.read(lambda work: _all(work, PromiseRow)) == []


async def test_a_promise_of_somebody_who_becomes_barred_passes_on(county: County) -> None:
    first, by = await county.on_duty(), await office(county)
    made = await county.visit(VisitState.WAITING)
    county.clock.advance(minutes=5)
    await county.edge.run(
        lambda work: desk.promise_callbacks(work, ring_for=RING_FOR, within=CALL_BACK_WITHIN)
    )

    await accuse(county, by, made, county.township, name=first.name)

    promises = await county.read(lambda work: _all(work, PromiseRow))
    assert [row.owner_id for row in promises] == [by.person]


# What the barred asks for does not exist


async def test_to_the_barred_visit_and_case_do_not_exist(county: County) -> None:
    made, _, barred = await call_of_two(county)
    await accuse(county, await office(county), made, county.township, name=barred.name)

    for attempt in (
        lambda work: visit.answer(work, barred, made.id),
        lambda work: visit.join(work, barred, made.id),
        lambda work: visit.end(work, barred, made.id),
        lambda work: desk.decline(work, barred, made.id),
        lambda work: snapshot.snapshot(work, barred, made.id),
        lambda work: outcome.read_draft(work, barred, made.id),
        lambda work: outcome.log(work, barred, made.id, an_outcome(barred)),
        lambda work: read_lines(work, barred, made.id),
        lambda work: record.read_case(work, barred, made.case_number),
        lambda work: record.unseal(work, barred, made.case_number, reason="call_back", note=""),
        lambda work: accused.read_accused(work, barred, made.id),
        lambda work: recusals.ask(work, barred, made.id, reason="other"),
    ):
        with pytest.raises(NotFound):
            await county.edge.run(attempt)
    page = await county.read(lambda work: record.list_cases(work, barred, record.CaseFilter()))
    assert (page.lines, page.total) == ((), 0)
    found = record.CaseFilter(number=made.case_number)
    page = await county.read(lambda work: record.list_cases(work, barred, found))
    assert (page.lines, page.total) == ((), 0)


async def test_a_colleague_still_reads_the_case(county: County) -> None:
    made, host, barred = await call_of_two(county)

    await accuse(county, host, made, county.township, name=barred.name)

    told = await county.edge.run(lambda work: record.read_case(work, host, made.case_number))
    assert told.number == made.case_number


async def test_the_accused_township_does_not_find_its_own_visit(county: County) -> None:
    local = await county.officer(Role.TOWNSHIP_OFFICER)
    made, other = await county.visit(VisitState.IN_CALL), await county.visit(VisitState.WAITING)

    await accuse(county, await office(county), made, county.township)

    page = await county.read(lambda work: record.list_cases(work, local, record.CaseFilter()))
    assert [line.number for line in page.lines] == [other.case_number]
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: record.read_case(work, local, made.case_number))


async def test_a_barred_colleague_is_not_asked_and_can_not_own_what_comes_next(county: County) -> None:
    host, barred = await county.on_duty(), await county.on_duty()
    made = await county.visit(VisitState.IN_CALL, officer=host)
    await accuse(county, host, made, county.township, name=barred.name)

    with pytest.raises(ColleagueStaysOut):
        await county.edge.run(lambda work: visit.invite(work, host, made.id, barred.person))
    await county.ends(host, made.id)
    with pytest.raises(BadInput) as refused:
        await county.logs(host, made.id, an_outcome(host, owner=barred.person))
    assert refused.value.fields == {"owner": "stays_out"}
    case = await case_of(county, made)
    owners = await county.read(lambda work: record.outcome_owners(work, case))
    assert barred.person not in [person for person, _, _ in owners]


# In the middle of a call


async def test_an_entry_made_in_the_call_takes_the_colleague_out_and_keeps_them_out(county: County) -> None:
    made, host, barred = await call_of_two(county)

    await accuse(county, host, made, county.township, name=barred.name)

    assert Removed(made.id, barred.seat, "removed") in county.hall.notes
    assert barred.seat not in await seats(county, made.id)
    assert await county.state(made.id) is VisitState.IN_CALL
    with pytest.raises(NotFound):
        await county.edge.run(lambda work: visit.join(work, barred, made.id))
    told = await county.read(lambda work: accused.read_accused(work, host, made.id))
    assert told.taken_out == 1


async def test_a_host_who_is_barred_is_followed_by_somebody_else(county: County) -> None:
    made, host, _ = await call_of_two(county)
    successor = await county.on_duty()

    await accuse(county, host, made, county.township, name=host.name)

    row = await county.row(made.id)
    assert (row.state, row.suspended_reason) == ("suspended", "handed_over")
    with pytest.raises(NotFound):
        await county.answers(host, made.id)
    assert successor.person in county.hall.rung(made.id)
    await county.answers(successor, made.id)
    row = await county.row(made.id)
    assert (row.state, row.officer_id, row.outcome_owner_id) == (
        "in_call",
        successor.person,
        successor.person,
    )
    assert await county.read(lambda work: Visits(work.session).suspended_of(host.person)) == []


async def test_a_suspended_visit_does_not_go_back_to_a_barred_officer(county: County) -> None:
    host = await county.on_duty()
    made = await county.visit(VisitState.SUSPENDED, officer=host)
    await accuse(county, await office(county), made, county.township, name=host.name)

    situation = (await county.read(lambda work: suspension.situations(work, lambda _: None)))[made.id]

    assert situation.officer_duty is DutyState.OFF
    assert not await county.edge.run(lambda work: suspension.resume(work, made.id))


@pytest.mark.parametrize("state", [VisitState.WRAP_UP, VisitState.OUTCOME_PENDING])
async def test_an_outcome_that_a_barred_officer_owes_passes_on(county: County, state: VisitState) -> None:
    host, by = await county.on_duty(), await office(county)
    made = await county.visit(state, officer=host)

    await accuse(county, by, made, county.township, name=host.name)

    row = await county.row(made.id)
    assert (row.state, row.outcome_owner_id) == ("outcome_pending", by.person)
    assert await county.read(lambda work: views.pending_lines(work, host.person)) == []
    assert await county.logs(by, made.id)


async def test_a_declaration_made_during_the_call_takes_its_author_out(county: County) -> None:
    made, host, colleague = await call_of_two(county)
    await accuse(county, host, made, county.township)

    await was_in(county, colleague, county.township)

    assert colleague.seat not in await seats(county, made.id)
    assert host.seat in await seats(county, made.id)


# Who enters it


async def test_only_host_and_petition_office_enter_who_is_accused(county: County) -> None:
    host, stranger = await county.on_duty(), await county.officer()
    local = await county.officer(Role.TOWNSHIP_OFFICER)
    liaison = await county.officer(Role.DEPARTMENT_LIAISON)
    made = await county.visit(VisitState.IN_CALL, officer=host)

    await accuse(county, host, made, county.other_township)
    await accuse(county, await office(county), made, county.township)
    with pytest.raises(NotFound):
        await accuse(county, stranger, made, county.township)
    for outsider in (local, liaison):
        with pytest.raises(NotAllowed):
            await accuse(county, outsider, made, county.township)


@pytest.mark.parametrize(
    ("unit", "name", "fault"),
    [
        ("", "", {"unit": "required"}),
        ("nowhere", "", {"unit": "unknown"}),
        ("nowhere", "长" * 41, {"unit": "unknown", "name": "too_long"}),
    ],
)
async def test_an_entry_names_a_known_unit(
    county: County, unit: str, name: str, fault: dict[str, str]
) -> None:
    made, by = await county.visit(VisitState.WAITING), await office(county)

    with pytest.raises(BadInput) as refused:
        await accuse(county, by, made, unit, name)

    assert refused.value.fields == fault


async def test_no_liaison_comes_into_a_report_before_it_is_known_whom_it_is_about(county: County) -> None:
    made, by = await county.visit(VisitState.WAITING), await office(county)
    harmless = await county.visit(
        VisitState.WAITING, form=a_form(matters=[Matter("grievance", "水渠塌了。")])
    )
    case, other = await case_of(county, made), await case_of(county, harmless)

    with pytest.raises(AccusedUnknown):
        await county.read(lambda work: accused.refuse_unknown_accused(work, case))
    await county.read(lambda work: accused.refuse_unknown_accused(work, other))
    told = await county.read(lambda work: accused.read_accused(work, by, made.id))
    assert told.is_missing
    await accuse(county, by, made, county.township)

    await county.read(lambda work: accused.refuse_unknown_accused(work, case))
    told = await county.read(lambda work: accused.read_accused(work, by, made.id))
    assert (told.is_missing, told.is_about_the_room) == (False, True)


# Recusals


@pytest.mark.both_databases
async def test_ones_own_word_binds_at_once_and_can_not_be_taken_back(county: County) -> None:
    made, _, colleague = await call_of_two(county)

    origin = await county.edge.run(lambda work: recusals.ask(work, colleague, made.id, reason="acquainted"))

    assert origin is Origin.OWN
    assert await why_barred(county, colleague, made) is Conflict.RECUSED
    assert colleague.seat not in await seats(county, made.id)
    rows = await county.read(lambda work: _all(work, RecusalRow))
    with pytest.raises(NotAllowed):
        await county.edge.run(lambda work: recusals.decide(work, colleague, rows[0].id, is_granted=False))


async def test_a_visitors_wish_binds_when_a_level_above_grants_it(county: County) -> None:
    made, host, colleague = await call_of_two(county)
    director = await county.officer(Role.SECTION_DIRECTOR)

    await county.edge.run(
        lambda work: recusals.ask(work, host, made.id, reason="visitor_distrusts", person=colleague.person)
    )
    assert await why_barred(county, colleague, made) is None
    (waiting,) = await county.read(lambda work: recusals.awaiting(work, director))
    await county.edge.run(lambda work: recusals.decide(work, director, waiting.id, is_granted=True))

    assert await why_barred(county, colleague, made) is Conflict.RECUSED
    assert colleague.seat not in await seats(county, made.id)
    assert await county.read(lambda work: recusals.awaiting(work, director)) == []


@pytest.mark.both_databases
async def test_what_was_refused_binds_nobody_and_may_be_asked_again(county: County) -> None:
    made, _, colleague = await call_of_two(county)
    director = await county.officer(Role.SECTION_DIRECTOR)
    await county.edge.run(lambda work: recusals.ask(work, colleague, made.id, reason="interest"))
    (waiting,) = await county.read(lambda work: recusals.awaiting(work, director))

    await county.edge.run(lambda work: recusals.decide(work, director, waiting.id, is_granted=False))

    assert await why_barred(county, colleague, made) is None
    with pytest.raises(AlreadyDecided):
        await county.edge.run(lambda work: recusals.decide(work, director, waiting.id, is_granted=True))
    await county.edge.run(lambda work: recusals.ask(work, colleague, made.id, reason="interest"))


async def test_leaders_are_decided_on_from_above(county: County) -> None:
    made, host, _ = await call_of_two(county)
    director = await county.officer(Role.SECTION_DIRECTOR)
    branch, main = await county.officer(Role.BRANCH_LEADER), await county.officer(Role.MAIN_LEADER)
    await county.edge.run(lambda work: recusals.ask(work, branch, made.id, reason="interest"))
    (row,) = await county.read(lambda work: _all(work, RecusalRow))

    assert await county.read(partial(recusals.awaiting, actor=director)) == []
    assert await county.read(partial(recusals.awaiting, actor=branch)) == []
    with pytest.raises(NotAllowed):
        await county.edge.run(lambda work: recusals.decide(work, director, row.id, is_granted=True))
    await county.edge.run(lambda work: recusals.decide(work, main, row.id, is_granted=True))
    origin = await county.edge.run(
        lambda work: recusals.ask(work, host, made.id, reason="visitor_distrusts", person=main.person)
    )

    assert origin is Origin.ABOVE
    assert await why_barred(county, main, made) is Conflict.RECUSED


async def test_a_recusal_is_asked_for_once(county: County) -> None:
    made, host, colleague = await call_of_two(county)

    async def ask() -> Origin:
        return await county.edge.run(
            lambda work: recusals.ask(
                work, host, made.id, reason="visitor_distrusts", person=colleague.person
            )
        )

    await ask()
    with pytest.raises(AlreadyRecused):
        await ask()


# The trail


async def test_the_trail_tells_that_and_never_whom(county: County) -> None:
    made, host, barred = await call_of_two(county)

    await accuse(county, host, made, county.township, name=barred.name)
    await was_in(county, barred, county.township)

    links = await county.read(lambda work: _all(work, AuditRow))
    told = [link.action for link in links]
    assert told.count("accused_added") == 2
    assert "conflict_separated" in told
    assert "posting_declared" in told
    for link in links:
        if link.action in ("accused_added", "conflict_separated"):
            assert barred.person not in link.body
            assert county.township not in link.body
            assert barred.name not in link.body


async def _all(work: Work, kind: type[T]) -> Sequence[T]:
    return (await work.session.scalars(select(kind))).all()


async def _queues(work: Work, *officers: Officer) -> dict[PersonId, list[VisitId]]:
    lines = await views.queue_lines(work)
    found = await views.queues(work, lines, [officer.person for officer in officers])
    return {person: [line.visit for line in seen] for person, seen in found.items()}
