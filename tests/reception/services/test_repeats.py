"""Somebody comes back: what is proposed, who decides, and what each further visit asks of the county."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.handling import AlreadyAsked, Answers, HandlersPresent, Question
from reception.domain.ids import CaseId, VisitId
from reception.domain.ladder import HearingOver, LinkDecided, RungUnmet
from reception.domain.roles import Role
from reception.domain.visits import VisitState, WrongState
from reception.services import (
    assignments,
    call_control,
    handling_questions,
    hearings,
    ladder,
    repeat_view,
    repeats,
)
from reception.services.repeat_view import LinkTold
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.guards import guard_code
from reception.store.repeat_tables import HandlingAnswerRow, HearingRow, IdentityTokenRow, RepeatLinkRow
from reception.store.tables import AuditRow, IdentityRow, VisitRow
from tests.support.factories import County, MadeVisit, an_outcome
from tests.support.repeats import (
    CANAL_AGAIN,
    Section,
    a_section,
    assign,
    case_of,
    comes,
    confirms,
    joins,
    links_of,
)
from tests.support.rows import add_outcome

SAID = dict.fromkeys(map(str, Question), "partly")


async def told(county: County, officer: Officer, visit: VisitId) -> list[LinkTold]:
    return await county.read(lambda work: repeat_view.view(work, officer, visit, present=frozenset()))


async def ask(county: County, officer: Officer, link: str, words: str = "") -> None:
    await county.edge.run(
        lambda work: handling_questions.keep(work, officer, link, replies=SAID, words=words)
    )


async def read_said(county: County, officer: Officer, link: str) -> Answers:
    return await county.edge.run(lambda work: handling_questions.read(work, officer, link))


async def hear(
    county: County, officer: Officer, hearing: HearingRow, section: Section, due_on: date | None
) -> None:
    await county.edge.run(
        lambda work: hearings.hear(
            work,
            officer,
            hearing.id,
            minutes="听取第二监督检查室汇报。",
            order="三日内到现场，十日内答复来访人。",
            due_on=due_on,
            owner=section.director.person,
        )
    )


async def second_visit(county: County, section: Section, state: VisitState = VisitState.IN_CALL) -> MadeVisit:
    """Bring a second visit on an assigned case into a state, its link confirmed in the call."""
    first = await comes(county, VisitState.OUTCOME_LOGGED)
    await assign(county, section, first.id)
    second = await comes(county, VisitState.IN_CALL, summary=CANAL_AGAIN)
    assert second.officer is not None
    await confirms(county, second.officer, second.id)
    if state is VisitState.WRAP_UP:
        await county.ends(second.officer, second.id)
    return second


# Proposals


async def test_a_second_visit_is_proposed_and_nothing_is_merged(county: County) -> None:
    first = await comes(county, VisitState.OUTCOME_LOGGED)

    second = await comes(county, summary=CANAL_AGAIN)

    (link,) = await links_of(county, second.id)
    assert (link.state, link.case_id) == ("proposed", await case_of(county, first.id))
    assert link.evidence == "same_id,similar_matter,same_place"
    assert link.count is None
    assert await case_of(county, second.id) != link.case_id


async def test_an_anonymous_visit_is_matched_by_nothing(county: County) -> None:
    officer = await county.on_duty()
    await comes(county, VisitState.OUTCOME_LOGGED, officer=officer, anonymous=True)
    await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)

    hidden = await comes(county, anonymous=True)
    found = await county.edge.run(lambda work: repeats.look_again(work, officer, hidden.id))
    known = await comes(county)

    assert found == 0
    assert await links_of(county, hidden.id) == []
    assert len(await links_of(county, known.id)) == 1, "the named visit alone is proposed"


async def test_tokens_hang_on_named_people_and_hold_no_name(county: County) -> None:
    await comes(county)
    await comes(county, anonymous=True)

    async def read(work: Work) -> tuple[list[str], int]:
        tokens = list(await work.session.scalars(select(IdentityTokenRow.token)))
        return tokens, len((await work.session.scalars(select(IdentityRow))).all())

    tokens, identities = await county.read(read)
    assert identities == 1
    assert len(tokens) == 4
    assert all(len(token) == 10 for token in tokens)


async def test_a_proposal_is_confirmed_once_rejected_for_good_and_undone(county: County) -> None:
    await comes(county, VisitState.OUTCOME_LOGGED)
    officer = await county.on_duty()
    second = await comes(county)
    (link,) = await links_of(county, second.id)

    answers = await asyncio.gather(
        *(county.edge.run(lambda work: repeats.confirm(work, officer, link.id)) for _ in range(4)),
        return_exceptions=True,
    )
    await county.edge.run(lambda work: repeats.unlink(work, officer, link.id))

    assert sum(isinstance(answer, LinkDecided) for answer in answers) == 3
    (link,) = await links_of(county, second.id)
    assert (link.state, link.decided_by) == ("unlinked", officer.person)
    third = await comes(county)
    proposal = (await links_of(county, third.id))[0].id
    await county.edge.run(lambda work: repeats.reject(work, officer, proposal))
    await county.edge.run(lambda work: repeats.look_again(work, officer, third.id))
    assert [link.state for link in await links_of(county, third.id) if link.id == proposal] == ["rejected"]


async def test_every_decision_is_in_the_audit_chain(county: County) -> None:
    await comes(county, VisitState.OUTCOME_LOGGED)
    officer = await county.on_duty()
    second = await comes(county)
    link = await confirms(county, officer, second.id)
    await county.edge.run(lambda work: repeats.unlink(work, officer, link.id))

    async def read(work: Work) -> list[str]:
        query = select(AuditRow.action).where(AuditRow.object_id == second.id).order_by(AuditRow.seq)
        return [action for action in await work.session.scalars(query) if "repeat" in action]

    assert await county.read(read) == [
        AuditAction.REPEAT_PROPOSED,
        AuditAction.REPEAT_CONFIRMED,
        AuditAction.REPEAT_UNLINKED,
    ]


async def test_a_director_may_not_decide_whether_it_is_the_same_matter(county: County) -> None:
    section = await a_section(county)
    await comes(county, VisitState.OUTCOME_LOGGED)
    second = await comes(county)
    (link,) = await links_of(county, second.id)

    with pytest.raises(NotAllowed):
        await county.edge.run(lambda work: repeats.confirm(work, section.director, link.id))


async def test_a_third_visit_is_proposed_for_the_first_case_not_for_the_second(county: County) -> None:
    officer = await county.on_duty()
    first = await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)
    second = await comes(county, VisitState.IN_CALL, officer=officer)
    await confirms(county, officer, second.id)
    await county.ends(officer, second.id)
    await county.logs(officer, second.id)

    third = await comes(county)

    (link,) = await links_of(county, third.id)
    assert link.case_id == await case_of(county, first.id)


async def test_the_last_answer_its_owner_and_date_are_there_before_accepting(county: County) -> None:
    officer = await county.on_duty()
    first = await comes(county, VisitState.WRAP_UP, officer=officer)
    due_on = date(2026, 3, 20)
    await county.logs(
        officer, first.id, an_outcome(officer, code="accepted_in_scope", answer="月底前修好。", due_on=due_on)
    )
    second = await comes(county, VisitState.WAITING)

    (link,) = await told(county, officer, second.id)

    assert link.state == "proposed"
    assert link.before == 1
    assert link.last is not None
    assert (link.last.answer, link.last.owner, link.last.due_on) == ("月底前修好。", officer.name, due_on)


async def test_before_it_is_raised_nobody_of_the_call_sees_it_and_a_township_never(county: County) -> None:
    officer, township = await county.on_duty(), await county.officer(Role.TOWNSHIP_OFFICER)
    await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)
    second = await comes(county, VisitState.WAITING)

    with pytest.raises(NotAllowed):
        await told(county, township, second.id)


# The ladder


async def test_a_second_visit_asks_for_director_and_leader_only_on_an_assigned_case(county: County) -> None:
    section, officer = await a_section(county), await county.on_duty()
    first = await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)
    second = await comes(county, VisitState.IN_CALL, officer=officer)

    link = await confirms(county, officer, second.id)
    assert (link.count, link.rung) == (2, None)
    await assign(county, section, first.id)

    (link,) = await links_of(county, second.id)
    assert (link.count, link.rung, link.ladder_version) == (2, "repeat", 1)
    (line,) = await told(county, officer, second.id)
    assert [required.role for required in line.required] == [Role.SECTION_DIRECTOR, Role.BRANCH_LEADER]
    assert line.required[0].name == section.director.name


async def test_a_repeat_visit_is_not_closed_while_nobody_came_and_nobody_said_why(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section, VisitState.WRAP_UP)
    officer = second.officer
    assert officer is not None

    with pytest.raises(RungUnmet):
        await county.logs(officer, second.id)

    assert await county.state(second.id) is VisitState.WRAP_UP


@pytest.mark.both_databases
async def test_it_is_closed_when_both_were_in_the_call(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section)
    assert second.officer is not None
    await joins(county, second.id, section.director, section.leader)
    await county.ends(second.officer, second.id)

    await county.logs(second.officer, second.id)

    (link,) = await links_of(county, second.id)
    assert link.met == "attended"


@pytest.mark.both_databases
async def test_one_of_the_two_is_not_enough_and_nobody_counts_twice(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section)
    both = await county.officer(Role.SECTION_DIRECTOR, Role.BRANCH_LEADER, unit=section.id)
    assert second.officer is not None
    await joins(county, second.id, both)
    await county.ends(second.officer, second.id)

    with pytest.raises(RungUnmet):
        await county.logs(second.officer, second.id)


@pytest.mark.parametrize(
    ("kind", "resumes_on", "reason"),
    [("rescheduled", date(2026, 3, 9), ""), ("excused", None, "on_leave")],
)
async def test_it_is_closed_when_it_was_put_off_or_a_reason_is_there(
    county: County, kind: str, resumes_on: date | None, reason: str
) -> None:
    section = await a_section(county)
    second = await second_visit(county, section, VisitState.WRAP_UP)
    officer = second.officer
    assert officer is not None
    (link,) = await links_of(county, second.id)

    await county.edge.run(
        lambda work: ladder.excuse(
            work, officer, link.id, kind=kind, resumes_on=resumes_on, reason=reason, note="主任在外调查。"
        )
    )
    await county.logs(officer, second.id)

    (link,) = await links_of(county, second.id)
    assert link.met == kind


async def test_only_the_host_says_why_nobody_came(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section)
    other = await county.on_duty()
    (link,) = await links_of(county, second.id)

    with pytest.raises(NotFound):
        await county.edge.run(
            lambda work: ladder.excuse(
                work, other, link.id, kind="excused", resumes_on=None, reason="on_leave", note=""
            )
        )


async def test_a_later_ladder_leaves_the_visits_before_it_alone(county: County) -> None:
    section = await a_section(county)
    office = section.office
    second = await second_visit(county, section)
    effective = county.clock.now.date() + timedelta(days=30)

    adopted = await county.edge.run(
        lambda work: ladder.adopt(
            work, office, effective_from=effective, repeat_threshold=3, multiple_threshold=5
        )
    )
    case = (await links_of(county, second.id))[0].case_id
    await county.edge.run(lambda work: ladder.reconsider(work, CaseId(case)))

    (link,) = await links_of(county, second.id)
    assert adopted.version == 2
    assert (link.ladder_version, link.rung) == (1, "repeat")
    county.clock.advance(days=40)
    third = await comes(county, VisitState.IN_CALL)
    assert third.officer is not None
    link = await confirms(county, third.officer, third.id)
    assert (link.ladder_version, link.count, link.rung) == (2, 3, "repeat")


async def test_undoing_the_confirmation_takes_the_rung_away(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section, VisitState.WRAP_UP)
    officer = second.officer
    assert officer is not None
    (link,) = await links_of(county, second.id)

    await county.edge.run(lambda work: repeats.unlink(work, officer, link.id))

    assert await county.logs(officer, second.id)


# The third visit


async def third_visit(county: County, section: Section) -> tuple[MadeVisit, HearingRow]:
    """Bring a visitor in for the third time, in the call."""
    second = await second_visit(county, section)
    assert second.officer is not None
    await joins(county, second.id, section.director, section.leader)
    await county.ends(second.officer, second.id)
    await county.logs(second.officer, second.id)
    third = await comes(county, VisitState.IN_CALL, officer=second.officer)
    assert third.officer is not None
    link = await confirms(county, third.officer, third.id)
    assert (link.count, link.rung) == (3, "multiple")
    (hearing,) = await hearings_in(county)
    return third, hearing


async def hearings_in(county: County) -> list[HearingRow]:
    async def read(work: Work) -> list[HearingRow]:
        return list(await work.session.scalars(select(HearingRow).order_by(HearingRow.created_at)))

    return await county.read(read)


async def test_the_third_visit_makes_one_hearing_for_the_main_leader(county: County) -> None:
    section, principal = await a_section(county), await county.officer(Role.MAIN_LEADER)
    _, hearing = await third_visit(county, section)

    (line,) = await county.read(lambda work: hearings.open_hearings(work, principal))

    assert (line.id, line.count, line.section) == (hearing.id, 3, "第二监督检查室")
    assert line.due_on == date(2026, 3, 9)


async def test_a_hearing_ends_with_minutes_and_an_order_sooner_than_the_last_promise(county: County) -> None:
    section, principal = await a_section(county), await county.officer(Role.MAIN_LEADER)
    _, hearing = await third_visit(county, section)

    with pytest.raises(BadInput) as refused:
        await hear(county, principal, hearing, section, date(2026, 4, 30))
    assert refused.value.fields == {"due_on": "not_shorter"}
    await county.edge.run(lambda work: hearings.plan(work, principal, hearing.id, date(2026, 3, 4)))
    await hear(county, principal, hearing, section, date(2026, 3, 12))
    with pytest.raises(HearingOver):
        await hear(county, principal, hearing, section, date(2026, 3, 12))

    (heard,) = await hearings_in(county)
    assert (heard.state, heard.order_due_on, heard.heard_by) == ("heard", date(2026, 3, 12), principal.person)
    assert "汇报" not in (heard.minutes_sealed or "")
    (told_,) = await county.read(lambda work: hearings.hearings_of(work, CaseId(hearing.case_id)))
    assert told_.minutes == "听取第二监督检查室汇报。"


async def test_a_hearing_is_withdrawn_with_the_link_that_asked_for_it(county: County) -> None:
    section = await a_section(county)
    third, hearing = await third_visit(county, section)
    officer = third.officer
    assert officer is not None

    await county.edge.run(lambda work: repeats.unlink(work, officer, hearing.link_id))

    assert [row.state for row in await hearings_in(county)] == ["withdrawn"]


async def test_only_the_main_leader_holds_a_hearing(county: County) -> None:
    section = await a_section(county)
    _, hearing = await third_visit(county, section)

    for officer in (section.office, section.leader, section.director):
        with pytest.raises(NotAllowed):
            await hear(county, officer, hearing, section, None)


# The question about the handling


async def test_it_is_not_asked_while_a_handler_listens(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section)
    officer = second.officer
    assert officer is not None
    await joins(county, second.id, section.director, section.leader)
    (link,) = await links_of(county, second.id)
    seats = [second.terminal.actor.seat, officer.seat]

    with pytest.raises(HandlersPresent):
        await ask(county, officer, link.id, "来过一次电话。")
    await county.edge.run(lambda work: call_control.set_private(work, officer, second.id, seats))
    await ask(county, officer, link.id, "来过一次电话。")
    with pytest.raises(AlreadyAsked):
        await ask(county, officer, link.id, "来过一次电话。")

    async def sealed(work: Work) -> list[str]:
        return list(await work.session.scalars(select(HandlingAnswerRow.answers_sealed)))

    assert "电话" not in (await county.read(sealed))[0]


async def test_handlers_never_learn_that_it_was_asked(county: County) -> None:
    section, principal = await a_section(county), await county.officer(Role.MAIN_LEADER)
    second = await second_visit(county, section, VisitState.WRAP_UP)
    officer = second.officer
    assert officer is not None
    (link,) = await links_of(county, second.id)
    await ask(county, officer, link.id, "来过一次电话。")

    said = await read_said(county, section.office, link.id)
    assert said.words == "来过一次电话。"
    for handler in (section.director, section.leader, principal):
        with pytest.raises(NotAllowed):
            await read_said(county, handler, link.id)
    two_hats = await county.officer(Role.PETITION_OFFICE, Role.SECTION_DIRECTOR, unit=section.id)
    with pytest.raises(NotFound):
        await read_said(county, two_hats, link.id)


async def test_the_main_leader_sees_totals_from_five_answers_on(county: County) -> None:
    section, principal = await a_section(county), await county.officer(Role.MAIN_LEADER)
    second = await second_visit(county, section)
    officer = second.officer
    assert officer is not None

    async def totals() -> list[int | None]:
        found = await county.read(lambda work: handling_questions.totals(work, principal))
        return [total.answers for total in found]

    for number in range(5):
        assert await totals() == [None], number
        if number:
            await county.ends(officer, second.id)
            await joins(county, second.id, section.director, section.leader)
            await county.logs(officer, second.id)
            second = await comes(county, VisitState.IN_CALL, officer=officer)
            await confirms(county, officer, second.id)
        (link,) = await links_of(county, second.id)
        await ask(county, officer, link.id)

    assert await totals() == [5]


async def test_a_link_that_nobody_confirmed_is_not_asked_about(county: County) -> None:
    section, officer = await a_section(county), await county.on_duty()
    first = await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)
    await assign(county, section, first.id)
    second = await comes(county, VisitState.IN_CALL, officer=officer)
    (link,) = await links_of(county, second.id)

    with pytest.raises(WrongState):
        await ask(county, officer, link.id)


# Assignment


async def test_a_case_goes_to_a_section_and_somebody_who_works_there(county: County) -> None:
    section, stranger = await a_section(county), await county.officer()
    made = await comes(county)
    case = await case_of(county, made.id)

    with pytest.raises(BadInput) as refused:
        await county.edge.run(
            lambda work: assignments.assign(work, section.office, case, section.id, stranger.person)
        )
    assert refused.value.fields == {"owner": "unknown"}
    with pytest.raises(BadInput) as refused:
        await county.edge.run(
            lambda work: assignments.assign(work, section.office, case, county.township, stranger.person)
        )
    assert refused.value.fields == {"section": "unknown"}


async def test_a_director_chooses_the_owner_within_the_own_section_alone(county: County) -> None:
    section = await a_section(county)
    made = await comes(county)
    case = await case_of(county, made.id)
    colleague = await county.officer(unit=section.id)

    async def choose() -> str:
        assigned = await county.edge.run(
            lambda work: assignments.assign(work, section.director, case, section.id, colleague.person)
        )
        return assigned.owner_name

    with pytest.raises(NotAllowed):
        await choose()
    await assign(county, section, made.id)
    assert await choose() == colleague.name


async def test_direct_sql_can_not_confirm_two_links_of_one_matter(county: County) -> None:
    officer = await county.on_duty()
    await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)
    await comes(county, VisitState.OUTCOME_LOGGED, officer=officer)
    third = await comes(county)
    assert len(await links_of(county, third.id)) == 2

    async def confirm_all(work: Work) -> None:
        await work.session.execute(
            update(RepeatLinkRow)
            .where(RepeatLinkRow.visit_id == third.id)
            .values(state="confirmed", count=2, decided_by=officer.person, decided_at=work.now)
        )

    with pytest.raises(IntegrityError, match=r"UNIQUE|unique"):
        await county.edge.run(confirm_all)


async def test_direct_sql_can_not_close_a_repeat_visit_whose_rung_is_unmet(county: County) -> None:
    section = await a_section(county)
    second = await second_visit(county, section, VisitState.WRAP_UP)
    officer = second.officer
    assert officer is not None

    async def close(work: Work) -> None:
        row = await work.session.get_one(VisitRow, second.id)
        await add_outcome(work.session, row)
        await work.session.execute(
            update(VisitRow).where(VisitRow.id == second.id).values(state=VisitState.OUTCOME_LOGGED)
        )

    with pytest.raises(IntegrityError) as refused:
        await county.edge.run(close)

    assert guard_code(refused.value) == "rung_unmet"
