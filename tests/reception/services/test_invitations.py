"""Asking a post into a call: who is asked, who answers, and what the list says afterwards."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.actors import Officer
from reception.domain.attendance import CameAfterAll, InvitationOver, NobodyInPost, NotInPost, Presence
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.ids import PersonId, new_id
from reception.domain.registration import Matter
from reception.domain.roles import COUNTY, UNGRANTED, Role
from reception.domain.visits import VisitState, WrongState
from reception.services import attendance, invitations, liaisons, rosters
from reception.services.accused import AccusedUnknown
from reception.services.attendance import AskedLine
from reception.services.notes import Admitted, Invited, RingStopped
from reception.services.work import Work
from reception.store.bringing_tables import AttendanceRow
from reception.store.tables import ParticipantRow, UnitRow
from tests.support.factories import County, MadeVisit, a_form

LIAISON = Role.DEPARTMENT_LIAISON
SUMMARY = "村东水渠塌了一段，没有人来修。"


@dataclass(slots=True)
class Bureau:
    """A department with two liaisons, and a call whose host may ask them in."""

    county: County
    unit: str
    first: Officer
    second: Officer
    visit: MadeVisit

    @property
    def host(self) -> Officer:
        assert self.visit.officer is not None
        return self.visit.officer

    async def asks(
        self,
        *present: Officer,
        role: Role = LIAISON,
        person: PersonId | None = None,
        summary: bool = False,
    ) -> str:
        """Let the host ask for a post, by default the department's liaison; return who is asked."""
        here = frozenset(one.person for one in present)
        row = await self.county.edge.run(
            lambda work: invitations.invite_role(
                work,
                self.host,
                self.visit.id,
                role,
                self.unit,
                here,
                person=person,
                shows_summary=summary,
            )
        )
        return row.person_id or ""

    async def comes(self, who: Officer) -> None:
        await self.county.edge.run(lambda work: invitations.accept(work, who, self.visit.id))

    async def declines(self, who: Officer) -> None:
        await self.county.edge.run(lambda work: invitations.decline(work, who, self.visit.id))

    async def enters(self, who: Officer, *, is_there: bool = True) -> None:
        """Let the hub report that a seat entered or left the room."""
        await self.county.edge.run(
            lambda work: attendance.note_presence(work, self.visit.id, who.seat, is_there=is_there)
        )

    async def lines(self) -> list[AskedLine]:
        told = await self.county.read(lambda work: attendance.asked_into(work, [self.visit.id]))
        return told.get(self.visit.id, [])

    async def presences(self) -> list[Presence]:
        return [line.presence for line in await self.lines()]


@pytest.fixture
async def bureau(county: County) -> Bureau:
    unit = UnitRow(id=new_id(), kind="department", name="自然资源局", position=9)

    async def add(work: Work) -> None:
        work.session.add(unit)

    await county.edge.run(add)
    both = [await county.officer(LIAISON, unit=unit.id) for _ in range(2)]
    chain = await county.read(lambda work: rosters.who_now(work, LIAISON, unit.id, present=frozenset()))
    first, second = sorted(both, key=lambda one: [who.person for who in chain].index(one.person))
    form = a_form(matters=[Matter("grievance", SUMMARY)])
    return Bureau(county, unit.id, first, second, await county.visit(VisitState.IN_CALL, form=form))


async def place_of(bureau: Bureau, who: Officer) -> ParticipantRow | None:
    query = select(ParticipantRow).where(
        ParticipantRow.visit_id == bureau.visit.id, ParticipantRow.seat == who.seat
    )
    return await bureau.county.read(lambda work: work.session.scalar(query))


@pytest.mark.both_databases
async def test_whoever_holds_the_post_is_rung_and_stands_in_the_record_at_once(bureau: Bureau) -> None:
    asked = await bureau.asks(bureau.first, bureau.second)

    assert asked == bureau.first.person
    assert bureau.county.hall.of(Invited) == [
        Invited(bureau.visit.id, bureau.first.person, bureau.host.person)
    ]
    (line,) = await bureau.lines()
    assert (line.role, line.unit, line.person) == (LIAISON, "自然资源局", bureau.first.person)
    assert line.presence is Presence.RINGING
    assert line.rung_at == line.asked_at == bureau.county.clock.now


async def test_a_post_that_nobody_holds_is_said_so(bureau: Bureau) -> None:
    with pytest.raises(NobodyInPost):
        await bureau.asks(role=Role.SECTION_DIRECTOR)


async def test_somebody_who_does_not_hold_the_post_is_not_asked_for_it(bureau: Bureau) -> None:
    with pytest.raises(NotInPost):
        await bureau.asks(person=bureau.host.person)

    assert await bureau.lines() == []


async def test_only_posts_that_can_be_asked_are(bureau: Bureau) -> None:
    with pytest.raises(BadInput):
        await bureau.asks(role=Role.SYS_ADMIN)


async def test_who_is_not_connected_is_asked_in_vain_and_that_is_written_down(bureau: Bureau) -> None:
    await bureau.asks()

    assert await bureau.presences() == [Presence.UNREACHED]


async def test_after_no_answer_the_next_is_asked_and_the_first_falls_silent(bureau: Bureau) -> None:
    await bureau.asks(bureau.first, bureau.second)
    bureau.county.clock.advance(seconds=31)
    assert await bureau.presences() == [Presence.NO_ANSWER]

    asked = await bureau.asks(bureau.first, bureau.second)

    assert asked == bureau.second.person
    assert await bureau.presences() == [Presence.PASSED_ON, Presence.RINGING]
    assert RingStopped(bureau.visit.id, (bureau.first.person,), "cancelled") in bureau.county.hall.notes
    with pytest.raises(InvitationOver):
        await bureau.comes(bureau.first)


async def test_who_declines_frees_the_post_for_the_next(bureau: Bureau) -> None:
    await bureau.asks(bureau.first, bureau.second)

    await bureau.declines(bureau.first)
    await bureau.declines(bureau.first)

    assert await bureau.presences() == [Presence.DECLINED]
    assert await bureau.asks(bureau.first, bureau.second) == bureau.second.person


@pytest.mark.both_databases
async def test_asking_the_same_person_again_rings_again_and_asks_once(bureau: Bureau) -> None:
    await bureau.asks()
    await bureau.asks(bureau.first, person=bureau.first.person)

    assert await bureau.presences() == [Presence.RINGING]
    assert len(bureau.county.hall.of(Invited)) == 2


async def test_a_liaison_arrives_on_hold_and_a_leader_does_not(bureau: Bureau) -> None:
    await bureau.asks(bureau.first)
    await bureau.comes(bureau.first)

    place = await place_of(bureau, bureau.first)
    assert place is not None
    assert (place.is_held, place.role) == (True, LIAISON)
    assert Admitted(bureau.visit.id, bureau.first.seat) in bureau.county.hall.notes

    colleague = await bureau.county.on_duty()
    await bureau.county.edge.run(
        lambda work: invitations.invite_person(
            work, bureau.host, bureau.visit.id, colleague.person, frozenset({colleague.person})
        )
    )
    await bureau.comes(colleague)
    other = await place_of(bureau, colleague)
    assert other is not None
    assert not other.is_held


async def test_the_list_says_when_somebody_came_and_left(bureau: Bureau) -> None:
    await bureau.asks(bureau.first)
    await bureau.comes(bureau.first)
    assert await bureau.presences() == [Presence.ACCEPTED]

    bureau.county.clock.advance(seconds=5)
    await bureau.enters(bureau.first)
    came_at = bureau.county.clock.now
    bureau.county.clock.advance(minutes=4)
    await bureau.enters(bureau.first, is_there=False)

    (line,) = await bureau.lines()
    assert (line.presence, line.joined_at, line.left_at) == (
        Presence.LEFT,
        came_at,
        bureau.county.clock.now,
    )


async def test_an_absence_is_explained_by_a_person_and_not_while_it_rings(bureau: Bureau) -> None:
    await bureau.asks(bureau.first)
    (line,) = await bureau.lines()

    async def confirm(who: Officer, reason: str = "on_leave") -> None:
        await bureau.county.edge.run(lambda work: attendance.confirm_absence(work, who, line.id, reason))

    with pytest.raises(CameAfterAll):
        await confirm(bureau.host)
    bureau.county.clock.advance(minutes=1)
    with pytest.raises(BadInput):
        await confirm(bureau.host, "because")
    with pytest.raises(NotAllowed):
        await confirm(await bureau.county.officer())
    await confirm(await bureau.county.officer(Role.PETITION_OFFICE))

    (line,) = await bureau.lines()
    assert line.absence == "on_leave"

    # Who comes after all was not absent.
    await bureau.comes(bureau.first)
    await bureau.enters(bureau.first)
    (line,) = await bureau.lines()
    assert (line.absence, line.presence) == (None, Presence.PRESENT)


async def test_the_office_sees_per_department_who_should_have_come(bureau: Bureau) -> None:
    await bureau.asks(bureau.first, bureau.second)
    await bureau.declines(bureau.first)
    await bureau.asks(bureau.first, bureau.second)
    await bureau.comes(bureau.second)
    await bureau.enters(bureau.second)
    office, now = await bureau.county.officer(Role.PETITION_OFFICE), bureau.county.clock.now

    async def look(who: Officer) -> list[attendance.UnitLine]:
        return await bureau.county.read(
            lambda work: attendance.by_unit(work, who, now - timedelta(days=1), now + timedelta(days=1))
        )

    (unit,) = await look(office)
    assert (unit.unit, unit.asked, unit.came, unit.absent, unit.unexplained) == ("自然资源局", 2, 1, 1, 1)
    with pytest.raises(NotAllowed):
        await look(bureau.first)


async def test_a_brief_holds_an_alias_and_kinds_and_the_summary_only_when_it_was_released(
    bureau: Bureau,
) -> None:
    await bureau.asks(bureau.first, bureau.second)
    (brief,) = (await bureau.county.read(lambda work: liaisons.read(work, bureau.first))).briefs
    assert (brief.ticket, brief.matter_kinds, brief.summaries) == (bureau.visit.ticket, ("grievance",), ())
    assert (await bureau.county.read(lambda work: liaisons.read(work, bureau.second))).briefs == []

    await bureau.asks(bureau.second, person=bureau.second.person, summary=True)

    (brief,) = (await bureau.county.read(lambda work: liaisons.read(work, bureau.second))).briefs
    assert brief.summaries == (SUMMARY,)


async def test_a_liaison_on_duty_is_never_rung_for_a_visit(bureau: Bureau) -> None:
    county = bureau.county
    county.hall.present.add(bureau.first.person)
    await county.edge.run(
        lambda work: liaisons.go_on(work, bureau.first, camera=True, microphone=True, ring_heard=True)
    )

    waiting = await county.visit(VisitState.WAITING)

    assert bureau.first.person not in county.hall.rung(waiting.id)


async def test_only_the_host_asks_and_only_while_the_call_runs(bureau: Bureau) -> None:
    stranger = await bureau.county.on_duty()

    async def ask(who: Officer) -> None:
        await bureau.county.edge.run(
            lambda work: invitations.invite_role(
                work, who, bureau.visit.id, LIAISON, bureau.unit, frozenset()
            )
        )

    with pytest.raises(NotFound):
        await ask(stranger)
    for role in set(Role) - COUNTY - UNGRANTED:
        with pytest.raises(NotAllowed):
            await ask(await bureau.county.officer(role))
    await bureau.county.ends(bureau.host, bureau.visit.id)
    with pytest.raises(WrongState):
        await ask(bureau.host)
    rows = await bureau.county.read(lambda work: work.session.scalars(select(AttendanceRow)))
    assert list(rows) == []


async def test_a_report_asks_no_department_before_somebody_said_whom_it_is_about(bureau: Bureau) -> None:
    report = await bureau.county.visit(VisitState.IN_CALL)
    host = report.officer
    assert host is not None

    async def ask(work: Work) -> None:
        await invitations.invite_role(work, host, report.id, LIAISON, bureau.unit, frozenset())

    with pytest.raises(AccusedUnknown):
        await bureau.county.edge.run(ask)

    assert bureau.county.hall.of(Invited) == []
