"""What happens at the terminal before the county is called."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import VisitId
from reception.domain.registration import Matter, Visitor
from reception.domain.roles import Role
from reception.domain.visits import VisitState, WrongState
from reception.services import intake
from reception.services.intake import RoomTaken
from reception.services.notes import QueueChanged, RingStopped, VisitChanged
from reception.store.tables import AuditRow, IdentityRow, MatterRow, TownshipAnswerRow
from tests.support.factories import County, MadeVisit, a_form


async def answer(county: County, made: MadeVisit, **changes: object) -> VisitState:
    """Record a township answer with which the visitor does not agree, or what a test wants instead."""
    if "officer" not in changes:
        staff = await county.officer(Role.TOWNSHIP_OFFICER, unit=made.terminal.actor.unit)
        changes["officer"] = staff.person
    fields: dict[str, object] = {
        "answer": "已经公示。",
        "satisfied": False,
        "doubt": "没有看到。",
        **changes,
    }
    return await county.edge.run(
        lambda work: intake.answer_at_township(
            work,
            made.terminal.actor,
            made.id,
            **fields,  # type: ignore[arg-type]  # a test may name any field
        )
    )


async def test_registration_opens_a_case_with_its_first_visit(county: County) -> None:
    terminal = await county.terminal()

    made = await county.edge.run(lambda work: intake.register(work, terminal.actor, a_form()))

    row = await county.row(made.visit)
    assert made.case_number == "XF2026-00001"
    assert made.ticket == "A-001"
    assert (row.state, row.place_id, row.device_id) == (
        "registered",
        terminal.actor.place,
        terminal.actor.device,
    )
    assert not row.is_anonymous


@pytest.mark.both_databases
async def test_who_came_and_what_about_are_sealed_at_once(county: County) -> None:
    form = a_form(name="王试用", matters=[Matter("report", "宅基地审批没有公示。")])
    await county.visit(form=form)

    identity = await county.read(lambda work: work.session.scalar(select(IdentityRow)))
    matter = await county.read(lambda work: work.session.scalar(select(MatterRow)))

    assert identity is not None
    assert matter is not None
    for sealed in (
        identity.name_sealed,
        identity.id_number_sealed,
        identity.phone_sealed,
        matter.summary_sealed,
    ):
        assert (sealed or "").startswith("v1.aesgcm.")
    assert identity.address_sealed is None, "what was not given is not kept"


async def test_an_anonymous_visit_leaves_no_identity_row(county: County) -> None:
    made = await county.visit(form=a_form(anonymous=True))

    assert (await county.row(made.id)).is_anonymous
    assert (await county.rows())["identity"] == 0


async def test_a_group_is_kept_with_its_representatives_in_order(county: County) -> None:
    form = replace(a_form(), head_count=12, representatives=(Visitor("李一"), Visitor("李二")))
    await county.visit(form=form)

    rows = await county.read(
        lambda work: work.session.scalars(select(IdentityRow).order_by(IdentityRow.position))
    )

    assert [row.role for row in rows] == ["petitioner", "representative", "representative"]


async def test_a_form_with_faults_saves_nothing(county: County) -> None:
    terminal = await county.terminal()
    before = await county.rows()

    with pytest.raises(BadInput):
        await county.edge.run(lambda work: intake.register(work, terminal.actor, a_form(matters=())))

    assert await county.rows() == before


async def test_a_room_takes_one_visit_at_a_time(county: County) -> None:
    made = await county.visit()
    before = await county.rows()

    with pytest.raises(RoomTaken):
        await county.visit(terminal=made.terminal)

    assert await county.rows() == before, "the number series and the case went back, too"


@pytest.mark.both_databases
async def test_of_ten_registrations_at_one_terminal_one_is_taken(county: County) -> None:
    terminal = await county.terminal()

    answers = await asyncio.gather(
        *(county.edge.run(lambda work: intake.register(work, terminal.actor, a_form())) for _ in range(10)),
        return_exceptions=True,
    )

    refused = [answer for answer in answers if isinstance(answer, RoomTaken)]
    assert len(refused) == 9, answers
    assert (await county.rows())["visit"] == 1


@pytest.mark.parametrize("state", [VisitState.CANCELLED, VisitState.CLOSED_SATISFIED, VisitState.WRAP_UP])
@pytest.mark.both_databases
async def test_a_room_is_free_again_once_its_visit_has_left(county: County, state: VisitState) -> None:
    made = await county.visit(state)

    again = await county.visit(terminal=made.terminal)

    assert again.case_number == "XF2026-00002"
    assert again.ticket == "A-002"


async def test_case_numbers_have_no_gap_after_refused_registrations(county: County) -> None:
    first = await county.visit()
    for _ in range(3):
        with pytest.raises(RoomTaken):
            await county.visit(terminal=first.terminal)

    second = await county.visit()

    assert (first.case_number, second.case_number) == ("XF2026-00001", "XF2026-00002")


@pytest.mark.both_databases
async def test_tickets_start_again_on_the_offices_next_day(county: County) -> None:
    await county.visit(VisitState.CANCELLED)
    county.clock.advance(hours=14, minutes=59)  # 23:59 in the office
    last_of_the_day = await county.visit(VisitState.CANCELLED)
    county.clock.advance(minutes=1)

    first_of_the_next = await county.visit()

    assert last_of_the_day.ticket == "A-002"
    assert first_of_the_next.ticket == "A-001"


async def test_an_accepted_township_answer_closes_the_visit(county: County) -> None:
    made = await county.visit()

    assert await answer(county, made, satisfied=True, doubt="") is VisitState.CLOSED_SATISFIED
    assert (await county.row(made.id)).closed_at == county.clock.now


async def test_a_doubted_township_answer_may_go_to_the_county(county: County) -> None:
    made = await county.visit()

    assert await answer(county, made) is VisitState.TOWNSHIP_ANSWERED

    kept = await county.read(lambda work: work.session.get(TownshipAnswerRow, made.id))
    assert kept is not None
    assert kept.answer_sealed.startswith("v1.")
    assert (kept.doubt_sealed or "").startswith("v1.")


async def test_a_township_answer_with_faults_saves_nothing(county: County) -> None:
    made = await county.visit()
    staff = await county.officer(Role.TOWNSHIP_OFFICER)
    before = await county.rows()

    for changes, fault in (
        ({"answer": " "}, {"answer": "required"}),
        ({"doubt": ""}, {"doubt": "required"}),  # without a doubt there is nothing to raise
        ({"answer": "字" * 2001}, {"answer": "too_long"}),
        ({"officer": "nobody"}, {"officer": "required"}),
        (
            {"officer": "", "answer": "", "doubt": ""},
            {"officer": "required", "answer": "required", "doubt": "required"},
        ),
    ):
        with pytest.raises(BadInput) as caught:
            await answer(county, made, **{"officer": staff.person, **changes})
        assert caught.value.fields == fault

    assert await county.rows() == before
    assert await county.state(made.id) is VisitState.REGISTERED


async def test_an_officer_of_another_township_can_not_have_answered(county: County) -> None:
    made = await county.visit()
    stranger = await county.officer(Role.TOWNSHIP_OFFICER, unit=county.other_township)

    with pytest.raises(BadInput) as caught:
        await answer(county, made, officer=stranger.person)

    assert caught.value.fields == {"officer": "required"}


async def test_a_direct_visit_takes_no_township_answer(county: County) -> None:
    made = await county.visit(direct=True)

    with pytest.raises(WrongState):
        await answer(county, made)


async def test_a_township_answers_once(county: County) -> None:
    made = await county.visit(VisitState.TOWNSHIP_ANSWERED)
    before = await county.rows()

    with pytest.raises(WrongState):
        await county.township_answers(made)

    after = await county.rows()
    assert after["township_answer"] == before["township_answer"]


STILL_TO_TAKE_BACK = {VisitState.REGISTERED, VisitState.TOWNSHIP_ANSWERED, VisitState.WAITING}


@pytest.mark.both_databases
async def test_a_visit_may_be_taken_back_before_the_county_answers(county: County) -> None:
    for state in STILL_TO_TAKE_BACK:
        made = await county.visit(state)

        await county.edge.run(partial(intake.cancel, actor=made.terminal.actor, visit=made.id))

        assert await county.state(made.id) is VisitState.CANCELLED


@pytest.mark.both_databases
async def test_a_visit_can_not_be_taken_back_later(county: County) -> None:
    for state in set(VisitState) - STILL_TO_TAKE_BACK:
        made = await county.visit(state)
        before = await county.rows()

        with pytest.raises(WrongState):
            await county.edge.run(partial(intake.cancel, actor=made.terminal.actor, visit=made.id))

        assert await county.state(made.id) is state
        assert await county.rows() == before


async def test_taking_a_waiting_visit_back_silences_its_bells(county: County) -> None:
    officer = await county.on_duty()
    made = await county.visit(VisitState.WAITING)

    await county.edge.run(lambda work: intake.cancel(work, made.terminal.actor, made.id))

    assert county.hall.of(RingStopped) == [RingStopped(made.id, (officer.person,), "cancelled")]
    assert county.hall.notes[-1] == QueueChanged()
    assert VisitChanged(made.id) in county.hall.notes


async def test_another_terminals_visit_does_not_exist(county: County) -> None:
    made, stranger = await county.visit(), await county.terminal()

    for chosen in (made.id, VisitId("unknown")):
        with pytest.raises(NotFound):
            await county.edge.run(partial(intake.cancel, actor=stranger.actor, visit=chosen))

    assert await county.state(made.id) is VisitState.REGISTERED


async def test_only_a_terminal_registers(county: County) -> None:
    officer = await county.officer()

    with pytest.raises(NotAllowed):
        await county.edge.run(
            lambda work: intake.register(work, officer, a_form())  # type: ignore[arg-type]
        )


async def test_each_step_leaves_its_line_in_the_audit_trail(county: County) -> None:
    made = await county.visit(VisitState.TOWNSHIP_ANSWERED)

    lines = await county.read(
        lambda work: work.session.scalars(
            select(AuditRow.action).where(AuditRow.object_id == made.id).order_by(AuditRow.seq)
        )
    )

    assert list(lines) == ["visit_registered", "township_answered"]
