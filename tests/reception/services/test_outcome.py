"""The one form that ends a visit: its draft, its faults, its receipt."""

import asyncio
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import VisitId
from reception.domain.outcomes import TEXT_LIMIT, OutcomeCode, OutcomeExists, OutcomeRequired
from reception.domain.roles import COUNTY, UNGRANTED, Role
from reception.domain.visits import VisitState
from reception.services import outcome
from reception.services.outcome import Draft, DraftOutdated, SavedDraft
from reception.store.tables import AuditRow, OutcomeDraftRow, OutcomeRow
from tests.support.factories import County, MadeVisit, an_outcome


async def save(county: County, officer: Officer, chosen: VisitId, version: int, **fields: str) -> SavedDraft:
    return await county.edge.run(
        lambda work: outcome.save_draft(
            work,
            officer,
            chosen,
            Draft(**fields),  # type: ignore[arg-type]  # a test may name any field
            version,
        )
    )


async def draft_of(county: County, officer: Officer, chosen: VisitId) -> SavedDraft | None:
    return await county.read(lambda work: outcome.read_draft(work, officer, chosen))


def owner_of(made: MadeVisit) -> Officer:
    assert made.officer is not None
    return made.officer


# Draft


@pytest.mark.parametrize("state", [VisitState.IN_CALL, VisitState.WRAP_UP, VisitState.OUTCOME_PENDING])
async def test_a_draft_comes_back_as_it_was_typed(county: County, state: VisitState) -> None:
    made = await county.visit(state)
    officer = owner_of(made)

    first = await save(county, officer, made.id, 0, asked="反映道路")
    second = await save(county, officer, made.id, first.version, asked="反映道路损坏", code="send_up")

    assert (first.version, second.version) == (1, 2)
    assert await draft_of(county, officer, made.id) == second


async def test_a_draft_is_sealed(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    await save(county, owner_of(made), made.id, 0, asked="反映道路损坏")

    row = await county.read(lambda work: work.session.get(OutcomeDraftRow, made.id))

    assert row is not None
    assert row.body_sealed.startswith("v1.aesgcm.")


async def test_a_tab_that_is_behind_overwrites_nothing(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    kept = await save(county, owner_of(made), made.id, 0, asked="先写的")

    for version in (0, 2, 7):
        with pytest.raises(DraftOutdated):
            await save(county, owner_of(made), made.id, version, asked="后写的")

    assert await draft_of(county, owner_of(made), made.id) == kept


async def test_of_ten_tabs_that_save_the_same_version_one_is_kept(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)

    results = await asyncio.gather(
        *(save(county, owner_of(made), made.id, 0, asked=f"第{number}个") for number in range(10)),
        return_exceptions=True,
    )

    kept = [result for result in results if isinstance(result, SavedDraft)]
    assert [type(result) for result in results].count(DraftOutdated) == 9, results
    assert await draft_of(county, owner_of(made), made.id) == kept[0]


async def test_a_draft_that_is_too_long_names_its_fields(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)

    with pytest.raises(BadInput) as caught:
        await save(
            county, owner_of(made), made.id, 0, asked="字" * (TEXT_LIMIT + 1), next="字" * (TEXT_LIMIT + 1)
        )

    assert caught.value.fields == {"asked": "too_long", "next": "too_long"}


async def test_a_colleague_neither_reads_nor_writes_the_draft(county: County) -> None:
    made, stranger = await county.visit(VisitState.WRAP_UP), await county.on_duty()

    with pytest.raises(NotFound):
        await save(county, stranger, made.id, 0)
    with pytest.raises(NotFound):
        await draft_of(county, stranger, made.id)


async def test_after_the_outcome_there_is_no_draft(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    await save(county, owner_of(made), made.id, 0, asked="草稿")

    await county.logs(owner_of(made), made.id)

    assert await draft_of(county, owner_of(made), made.id) is None
    with pytest.raises(OutcomeExists):
        await save(county, owner_of(made), made.id, 1)


# Faults


@pytest.mark.both_databases
async def test_every_fault_of_the_form_is_named_at_once_and_nothing_is_saved(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    before = await county.rows()

    with pytest.raises(BadInput) as caught:
        await county.logs(owner_of(made), made.id, Draft(code="", asked=" ", answer="", next="", owner=""))

    assert caught.value.fields == dict.fromkeys(("code", "asked", "answer", "next", "owner"), "required")
    assert await county.rows() == before
    assert await county.state(made.id) is VisitState.WRAP_UP


@pytest.mark.both_databases
async def test_an_outcome_with_a_fault_is_not_taken(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    cases: list[tuple[dict[str, str | date | None], dict[str, str]]] = [
        ({"owner": "nobody"}, {"owner": "unknown"}),
        ({"code": "solved"}, {"code": "unknown"}),
        ({"code": "send_up"}, {"due_on": "required"}),
        ({"due_on": date(2026, 3, 1)}, {"due_on": "in_the_past"}),
        ({"answer": "字" * (TEXT_LIMIT + 1)}, {"answer": "too_long"}),
    ]

    for changes, fault in cases:
        with pytest.raises(BadInput) as caught:
            await county.logs(owner_of(made), made.id, an_outcome(owner_of(made), **changes))
        assert caught.value.fields == fault


async def test_today_is_the_offices_day_whatever_the_machine_says(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)
    county.clock.advance(hours=15)  # past midnight in the office, still 2 March in UTC

    with pytest.raises(BadInput) as caught:
        await county.logs(owner_of(made), made.id, an_outcome(owner_of(made), due_on=date(2026, 3, 2)))

    assert caught.value.fields == {"due_on": "in_the_past"}


# Once


@pytest.mark.parametrize("state", [VisitState.WRAP_UP, VisitState.OUTCOME_PENDING])
async def test_the_outcome_ends_the_visit_with_a_receipt(county: County, state: VisitState) -> None:
    made = await county.visit(state)
    form = an_outcome(owner_of(made), code="send_up", due_on=date(2026, 4, 1))

    receipt = await county.logs(owner_of(made), made.id, form)

    row = await county.row(made.id)
    kept = await county.read(lambda work: work.session.get(OutcomeRow, made.id))
    assert re.fullmatch(r"JF2026-\d{6}", receipt)
    assert (row.state, row.closed_at) == ("outcome_logged", county.clock.now)
    assert kept is not None
    assert (kept.receipt, kept.code, kept.due_on) == (receipt, "send_up", date(2026, 4, 1))
    assert all(
        sealed.startswith("v1.") for sealed in (kept.asked_sealed, kept.answer_sealed, kept.next_sealed)
    )


async def test_of_twenty_parallel_submits_one_is_written(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)

    results = await asyncio.gather(
        *(county.logs(owner_of(made), made.id) for _ in range(20)), return_exceptions=True
    )

    receipts = [result for result in results if isinstance(result, str)]
    assert len(receipts) == 1
    assert [type(result) for result in results].count(OutcomeExists) == 19, results
    assert (await county.rows())["outcome"] == 1
    audited = await county.read(
        lambda work: work.session.scalars(select(AuditRow).where(AuditRow.action == "outcome_logged"))
    )
    assert len(list(audited)) == 1


async def test_receipts_have_no_gap_whatever_was_refused_in_between(county: County) -> None:
    receipts = []
    for _ in range(4):
        made = await county.visit(VisitState.WRAP_UP)
        with pytest.raises(BadInput):
            await county.logs(owner_of(made), made.id, an_outcome(owner_of(made), code="solved"))
        receipts.append(await county.logs(owner_of(made), made.id))
        with pytest.raises(OutcomeExists):
            await county.logs(owner_of(made), made.id)

    assert receipts == [f"JF2026-{number:06d}" for number in range(1, 5)]


async def test_receipts_of_parallel_outcomes_are_gapless_and_distinct(county: County) -> None:
    visits = [await county.visit(VisitState.WRAP_UP) for _ in range(6)]

    receipts = await asyncio.gather(*(county.logs(owner_of(made), made.id) for made in visits))

    assert sorted(receipts) == [f"JF2026-{number:06d}" for number in range(1, 7)]


async def test_a_running_call_is_ended_before_its_outcome_is_written(county: County) -> None:
    made = await county.visit(VisitState.IN_CALL)

    with pytest.raises(OutcomeRequired):
        await county.logs(owner_of(made), made.id)

    assert await county.state(made.id) is VisitState.IN_CALL


@pytest.mark.parametrize("state", [VisitState.REGISTERED, VisitState.WAITING, VisitState.CANCELLED])
async def test_a_visit_that_nobody_answered_takes_no_outcome(county: County, state: VisitState) -> None:
    made, officer = await county.visit(state), await county.on_duty()

    with pytest.raises(NotFound):
        await county.logs(officer, made.id)


async def test_only_the_owner_writes_the_outcome(county: County) -> None:
    made, stranger = await county.visit(VisitState.WRAP_UP), await county.on_duty(Role.MAIN_LEADER)

    with pytest.raises(NotFound):
        await county.logs(stranger, made.id)


async def test_nobody_outside_the_county_organ_writes_an_outcome(county: County) -> None:
    made = await county.visit(VisitState.WRAP_UP)

    for role in set(Role) - COUNTY - UNGRANTED:
        stranger = await county.officer(role)
        with pytest.raises(NotAllowed):
            await county.logs(stranger, made.id)


async def test_the_outcome_may_be_owned_by_a_colleague(county: County) -> None:
    made, colleague = await county.visit(VisitState.WRAP_UP), await county.officer(Role.PETITION_OFFICE)

    await county.logs(owner_of(made), made.id, an_outcome(colleague))

    kept = await county.read(lambda work: work.session.get(OutcomeRow, made.id))
    assert kept is not None
    assert (kept.owner_id, kept.logged_by) == (colleague.person, owner_of(made).person)


async def test_every_code_can_be_logged(county: County) -> None:
    terminal, due = await county.terminal(), county.clock.now.date() + timedelta(days=30)

    for code in OutcomeCode:
        made = await county.visit(VisitState.WRAP_UP, terminal=terminal)
        await county.logs(owner_of(made), made.id, an_outcome(owner_of(made), code=code, due_on=due))

    assert (await county.rows())["outcome"] == len(OutcomeCode)


async def test_a_logged_outcome_is_final(county: County) -> None:
    made = await county.visit(VisitState.OUTCOME_LOGGED)
    before = await county.rows()

    with pytest.raises(OutcomeExists):
        await county.logs(owner_of(made), made.id, an_outcome(owner_of(made), answer="另一种说法。"))

    assert await county.rows() == before
