"""The case record: how far each role sees, and the seal over who came."""

import json
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.registration import Matter, Visitor
from reception.domain.roles import COUNTY, Role
from reception.domain.visits import VisitState
from reception.services import record
from reception.services.chronicle import VisitTold
from reception.services.identities import ShownPerson
from reception.services.record import NOTE_LIMIT, UNSEAL_REASONS, CaseFilter, CasePage
from reception.store.tables import AuditRow, UnsealRow
from tests.support.factories import County, MadeVisit, a_form, an_id_number

NAME, PHONE, ADDRESS = "欧阳试用", "13800000042", "东河镇一组甲一号"
ID_NUMBER = an_id_number(42)
FORM = a_form(
    name=NAME,
    id_number=ID_NUMBER,
    phone=PHONE,
    address=ADDRESS,
    matters=[Matter("report", "宅基地审批没有公示。")],
)
NO_LEDGER = [Role.DEPARTMENT_LIAISON, Role.SYS_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN]


async def ledger(county: County, officer: Officer, **wanted: str | int) -> CasePage:
    chosen = CaseFilter(**wanted)  # type: ignore[arg-type]  # a test may name any field
    return await county.read(lambda work: record.list_cases(work, officer, chosen))


async def read(county: County, officer: Officer, made: MadeVisit) -> record.CaseTold:
    return await county.edge.run(lambda work: record.read_case(work, officer, made.case_number))


async def unseal(
    county: County, officer: Officer, made: MadeVisit, reason: str = "call_back", note: str = ""
) -> list[ShownPerson]:
    return await county.edge.run(
        lambda work: record.unseal(work, officer, made.case_number, reason=reason, note=note)
    )


def numbers(page: CasePage) -> list[str]:
    return [line.number for line in page.lines]


# Ledger


async def test_the_county_sees_every_visit_newest_first(county: County) -> None:
    older = await county.visit(VisitState.OUTCOME_LOGGED)
    county.clock.advance(hours=1)
    newer = await county.visit(direct=True, unit=county.other_township)
    reader = await county.officer(Role.PETITION_OFFICE)

    page = await ledger(county, reader)

    assert numbers(page) == [newer.case_number, older.case_number]
    assert page.total == 2


async def test_a_township_sees_its_own_visits_and_no_direct_one_not_even_counted(county: County) -> None:
    own = await county.visit()
    await county.visit(direct=True)
    await county.visit(unit=county.other_township)
    reader = await county.officer(Role.TOWNSHIP_OFFICER)

    page = await ledger(county, reader)

    assert numbers(page) == [own.case_number]
    assert page.total == 1


async def test_no_filter_widens_what_a_township_sees(county: County) -> None:
    direct = await county.visit(direct=True)
    foreign = await county.visit(unit=county.other_township)
    reader = await county.officer(Role.TOWNSHIP_OFFICER)

    for wanted in (
        CaseFilter(number=direct.case_number),
        CaseFilter(number=foreign.case_number),
        CaseFilter(township=county.other_township),
        CaseFilter(state="registered"),
        CaseFilter(number="%"),
        CaseFilter(number="_"),
    ):
        page = await county.read(partial(record.list_cases, actor=reader, wanted=wanted))
        assert (page.lines, page.total) == ((), 0), wanted


async def test_liaisons_and_administrators_see_no_ledger(county: County) -> None:
    made = await county.visit(VisitState.OUTCOME_LOGGED)

    for role in NO_LEDGER:
        reader = await county.officer(role)
        for forbidden in (ledger(county, reader), read(county, reader, made), unseal(county, reader, made)):
            with pytest.raises(NotAllowed):
                await forbidden


async def test_filters_narrow_the_ledger(county: County) -> None:
    logged = await county.visit(VisitState.OUTCOME_LOGGED)
    foreign = await county.visit(unit=county.other_township)
    reader = await county.officer()

    assert numbers(await ledger(county, reader, state="outcome_logged")) == [logged.case_number]
    assert numbers(await ledger(county, reader, township=county.other_township)) == [foreign.case_number]
    assert numbers(await ledger(county, reader, number=foreign.case_number[-3:])) == [foreign.case_number]
    assert numbers(await ledger(county, reader, number="%")) == [], "a sign of the search is a sign, no joker"


async def test_a_filter_that_means_nothing_is_refused(county: County) -> None:
    reader = await county.officer()

    with pytest.raises(BadInput) as caught:
        await ledger(county, reader, state="solved", page=0)

    assert caught.value.fields == {"state": "unknown", "page": "out_of_range"}


async def test_the_ledger_comes_in_pages(county: County) -> None:
    first = await county.visit(VisitState.CANCELLED)
    for _ in range(record.PAGE_SIZE):
        county.clock.advance(seconds=1)
        await county.visit(VisitState.CANCELLED, terminal=first.terminal)
    reader = await county.officer()

    pages = [await ledger(county, reader, page=number) for number in (1, 2, 3)]

    assert [len(page.lines) for page in pages] == [record.PAGE_SIZE, 1, 0]
    assert numbers(pages[1]) == [first.case_number]
    assert {page.total for page in pages} == {record.PAGE_SIZE + 1}


# Case


async def test_the_county_reads_what_was_said_with_who_came_masked(county: County) -> None:
    made = await county.visit(VisitState.OUTCOME_LOGGED, form=FORM)

    told = (await read(county, await county.officer(), made)).visits[0]

    assert [matter.summary for matter in told.matters] == ["宅基地审批没有公示。"]
    assert told.outcome is not None
    assert told.outcome.asked == "反映宅基地审批没有公示。"
    masked = told.people[0]
    assert (masked.name, masked.id_number, masked.phone, masked.address) == (
        "欧*",
        f"{ID_NUMBER[:6]}********{ID_NUMBER[-4:]}",
        "138****0042",
        "****",
    )


async def test_a_township_reads_dates_and_states_of_its_own_case_and_nothing_said(county: County) -> None:
    made = await county.visit(VisitState.OUTCOME_LOGGED, form=FORM)

    case = await read(county, await county.officer(Role.TOWNSHIP_OFFICER), made)

    told = case.visits[0]
    assert not case.content
    assert not case.may_unseal
    assert (told.matters, told.people, told.chat, told.outcome, told.township_answer) == (
        [],
        [],
        [],
        None,
        None,
    )
    assert told.state is VisitState.OUTCOME_LOGGED


@pytest.mark.parametrize("direct", [True, False])
async def test_what_is_out_of_a_townships_sight_does_not_exist(county: County, direct: bool) -> None:
    made = await county.visit(direct=True) if direct else await county.visit(unit=county.other_township)
    reader = await county.officer(Role.TOWNSHIP_OFFICER)
    before = await county.rows()

    with pytest.raises(NotFound):
        await read(county, reader, made)
    with pytest.raises(NotFound):
        await read(county, reader, replace(made, case_number="XF2026-99999"))

    assert await county.rows() == before


async def test_reading_a_case_is_written_down(county: County) -> None:
    made, reader = await county.visit(), await county.officer()

    await read(county, reader, made)

    line = await county.read(
        lambda work: work.session.scalar(select(AuditRow).where(AuditRow.action == "case_viewed"))
    )
    assert line is not None
    assert (line.actor, line.case_id) == (reader.seat, (await county.row(made.id)).case_id)


async def test_the_timeline_tells_the_visit_in_order(county: County) -> None:
    made = await county.visit(VisitState.OUTCOME_LOGGED)

    told: VisitTold = (await read(county, await county.officer(), made)).visits[0]

    assert [event.kind for event in told.timeline] == [
        "registered",
        "township_answered",
        "raised",
        "rung",
        "answered",
        "call_ended",
        "outcome_logged",
    ]


# Seal


async def test_office_and_leaders_unseal_with_a_reason(county: County) -> None:
    made = await county.visit(form=FORM)

    for role in COUNTY - {Role.COUNTY_DUTY_OFFICER}:
        people = await unseal(county, await county.officer(role), made)

        assert people == [ShownPerson("petitioner", NAME, ID_NUMBER, PHONE, ADDRESS)]


async def test_everybody_of_a_group_is_shown(county: County) -> None:
    form = replace(FORM, head_count=3, representatives=(Visitor("李一"), Visitor("李二")))
    made = await county.visit(form=form)

    people = await unseal(county, await county.officer(Role.PETITION_OFFICE), made)

    assert [(person.role, person.name) for person in people] == [
        ("petitioner", NAME),
        ("representative", "李一"),
        ("representative", "李二"),
    ]


async def test_a_duty_officer_unseals_only_the_own_visit(county: County) -> None:
    made, stranger = await county.visit(VisitState.IN_CALL, form=FORM), await county.on_duty()
    before = await county.rows()
    assert made.officer is not None

    assert (await unseal(county, made.officer, made))[0].name == NAME
    with pytest.raises(NotAllowed):
        await unseal(county, stranger, made)

    after = await county.rows()
    assert after["unseal"] == before["unseal"] + 1
    assert (await read(county, made.officer, made)).may_unseal
    assert not (await read(county, stranger, made)).may_unseal


async def test_a_township_officer_unseals_nothing(county: County) -> None:
    made, reader = await county.visit(form=FORM), await county.officer(Role.TOWNSHIP_OFFICER)

    with pytest.raises(NotAllowed):
        await unseal(county, reader, made)


async def test_every_reason_leaves_a_row_and_a_line_before_anything_is_shown(county: County) -> None:
    made, reader = await county.visit(form=FORM), await county.officer(Role.PETITION_OFFICE)

    for reason in UNSEAL_REASONS:
        await unseal(county, reader, made, reason, note="回访核实。")

    rows = list(await county.read(lambda work: work.session.scalars(select(UnsealRow))))
    lines = list(
        await county.read(
            lambda work: work.session.scalars(select(AuditRow).where(AuditRow.action == "case_unsealed"))
        )
    )
    assert {row.reason for row in rows} == set(UNSEAL_REASONS)
    assert all(row.person_id == reader.person for row in rows)
    assert all((row.note_sealed or "").startswith("v1.aesgcm.") for row in rows)
    assert [json.loads(line.body)["reason_code"] for line in lines] == list(UNSEAL_REASONS)
    assert all(json.loads(line.body)["fields"] == ["name", "id_number", "phone", "address"] for line in lines)


async def test_when_the_audit_can_not_be_written_nothing_is_shown(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, reader = await county.visit(form=FORM), await county.officer(Role.PETITION_OFFICE)
    before = await county.rows()

    async def broken(*_: object, **__: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr(type(county.edge.audit), "append", broken)
    with pytest.raises(OSError, match="full"):
        await unseal(county, reader, made)

    assert await county.rows() == before


async def test_without_a_reason_nothing_is_unsealed(county: County) -> None:
    made, reader = await county.visit(form=FORM), await county.officer(Role.PETITION_OFFICE)
    before = await county.rows()

    for reason, note, fault in (
        ("", "", {"reason": "required"}),
        ("curiosity", "", {"reason": "required"}),
        ("call_back", "字" * (NOTE_LIMIT + 1), {"note": "too_long"}),
        ("", "字" * (NOTE_LIMIT + 1), {"reason": "required", "note": "too_long"}),
    ):
        with pytest.raises(BadInput) as caught:
            await unseal(county, reader, made, reason, note)
        assert caught.value.fields == fault

    assert await county.rows() == before


async def test_the_audit_chain_holds_after_a_whole_visit(county: County) -> None:
    made = await county.visit(VisitState.OUTCOME_LOGGED, form=FORM)
    await unseal(county, await county.officer(Role.PETITION_OFFICE), made)

    verdict = await county.read(lambda work: work.audit.verify(work.session))

    assert verdict.ok
    assert verdict.count == (await county.rows())["audit_event"]
