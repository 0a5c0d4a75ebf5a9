"""One-time links: one browser, one code, five tries, and an end with the visit."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from reception.domain.actors import Guest, Officer, seat_of_guest
from reception.domain.errors import BadInput, NotAllowed, NotFound, Refusal
from reception.domain.guests import (
    CodeWrong,
    GuestEnd,
    GuestState,
    LinkDead,
    LinkEarly,
    LinkUnknown,
    LinkUsed,
    WrongGuestState,
)
from reception.domain.ids import GuestId, VisitId
from reception.domain.roles import COUNTY, UNGRANTED, Role
from reception.domain.visits import VisitState, WrongState
from reception.services import attendance, guest_links, guests
from reception.services.denials import TooManyAttempts, settled
from reception.services.guest_links import Secrets
from reception.services.guests import GuestDoor, GuestView
from reception.services.notes import Admitted
from reception.services.visit import CallFull
from reception.store.bringing import Guests
from reception.store.bringing_tables import GuestRow
from reception.store.visits import Visits
from tests.support.factories import County, MadeVisit

BROWSER = "a" * 43
VALID_FOR = timedelta(minutes=15)


@dataclass(slots=True)
class Doorway:
    """A call, its host, and the door that its links open."""

    county: County
    visit: MadeVisit
    door: GuestDoor = field(default_factory=GuestDoor)

    @property
    def host(self) -> Officer:
        assert self.visit.officer is not None
        return self.visit.officer

    async def link(
        self, *, role: str = "interpreter", title: str = "手语翻译", **later: float
    ) -> tuple[GuestId, Secrets]:
        opens = self.county.clock.now + timedelta(**later) if later else None
        row = await self.county.edge.run(
            lambda work: guest_links.make(
                work, self.host, self.visit.id, role=role, title=title, valid_for=VALID_FOR, not_before=opens
            )
        )
        guest = GuestId(row.id)
        return guest, await self.county.read(
            lambda work: asyncio.sleep(0, guest_links.secrets_of(work.vault, guest))
        )

    async def redeem(self, token: str, browser: str = BROWSER, address: str = "10.0.0.1") -> str:
        """Open a link; return what goes into the browser's cookie."""
        opened = await self.county.edge.run(
            lambda work: self.door.redeem(work, token=token, browser=browser, address=address)
        )
        return settled(opened).secret

    async def prove(self, guest: GuestId, code: str) -> GuestView:
        actor = Guest(guest, self.visit.id)
        return settled(await self.county.edge.run(lambda work: self.door.prove(work, actor, code)))

    async def waits(self, guest: GuestId, name: str = "陈晓语") -> GuestView:
        actor = Guest(guest, self.visit.id)
        return await self.county.edge.run(lambda work: guests.wait(work, actor, name))

    async def in_lobby(self) -> GuestId:
        guest, opened_by = await self.link()
        await self.redeem(opened_by.token)
        await self.prove(guest, opened_by.code)
        await self.waits(guest)
        return guest

    async def admit(self, guest: GuestId, who: Officer | None = None) -> None:
        host = who or self.host
        await self.county.edge.run(lambda work: guest_links.admit(work, host, self.visit.id, guest))

    async def revoke(self, guest: GuestId) -> None:
        await self.county.edge.run(lambda work: guest_links.revoke(work, self.host, self.visit.id, guest))

    async def row(self, guest: GuestId) -> GuestRow:
        return await self.county.read(lambda work: Guests(work.session).get(guest))

    async def view(self, guest: GuestId) -> GuestView:
        return await self.county.read(lambda work: guests.view(work, Guest(guest, self.visit.id)))


def wrong(code: str) -> str:
    """Return six digits that are not the code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.fixture
async def doorway(county: County) -> Doorway:
    return Doorway(county, await county.visit(VisitState.IN_CALL))


async def test_a_link_leads_by_code_and_name_into_the_lobby_and_by_the_host_into_the_call(
    doorway: Doorway,
) -> None:
    guest, opened_by = await doorway.link()
    secret = await doorway.redeem(opened_by.token)
    assert (await doorway.view(guest)).state is GuestState.CODE

    assert (await doorway.prove(guest, f" {opened_by.code} ")).state is GuestState.NAME
    assert (await doorway.waits(guest)).state is GuestState.LOBBY
    (line,) = await doorway.county.read(lambda work: guest_links.lines_of(work, [doorway.visit.id]))
    assert (line.title, line.name, line.state) == ("手语翻译", "陈晓语", GuestState.LOBBY)
    await doorway.admit(guest)

    assert (await doorway.view(guest)).state is GuestState.ADMITTED
    found = await doorway.county.read(lambda work: guests.authenticate(work, secret))
    assert found == Guest(guest, doorway.visit.id)
    place = await doorway.county.read(
        lambda work: Visits(work.session).participant(doorway.visit.id, seat_of_guest(guest))
    )
    assert place is not None
    assert (place.role, place.person_id) == ("interpreter", None)
    assert Admitted(doorway.visit.id, seat_of_guest(guest)) in doorway.county.hall.notes


async def test_a_link_stands_in_the_record_from_the_moment_it_is_made(doorway: Doorway) -> None:
    guest, _ = await doorway.link(role="expert", title="水利专家")

    told = await doorway.county.read(lambda work: attendance.asked_into(work, [doorway.visit.id]))

    (line,) = told[doorway.visit.id]
    assert (line.role, line.name, line.guest, line.person) == ("expert", "水利专家", guest, None)


async def test_neither_token_nor_code_nor_name_is_stored_in_the_clear(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    secret = await doorway.redeem(opened_by.token)
    await doorway.prove(guest, opened_by.code)
    await doorway.waits(guest, "陈晓语")

    row = await doorway.row(guest)

    stored = " ".join(str(value) for value in vars(row).values())
    for hidden in (opened_by.token, opened_by.code, secret, "陈晓语"):
        assert hidden not in stored
    assert len(opened_by.token) == 43, "256 bits"


@pytest.mark.both_databases
async def test_of_ten_browsers_that_open_a_link_at_once_exactly_one_is_bound(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()

    results = await asyncio.gather(
        *(doorway.redeem(opened_by.token, f"{number:043d}") for number in range(10)), return_exceptions=True
    )

    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, LinkUsed) for result in results) == 9, results
    assert (await doorway.row(guest)).redeemed_at is not None


@pytest.mark.both_databases
async def test_a_browser_whose_answer_got_lost_gets_it_again_and_only_for_a_while(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    secret = await doorway.redeem(opened_by.token)

    assert await doorway.redeem(opened_by.token) == secret
    with pytest.raises(LinkUsed):
        await doorway.redeem(opened_by.token, "b" * 43)
    doorway.county.clock.advance(minutes=3)
    with pytest.raises(LinkUsed):
        await doorway.redeem(opened_by.token)
    doorway.county.clock.advance(minutes=-3)
    await doorway.prove(guest, opened_by.code)
    with pytest.raises(LinkUsed):
        await doorway.redeem(opened_by.token)


async def test_a_link_is_refused_too_early_too_late_and_when_it_was_cut(doorway: Doorway) -> None:
    _, opened_by = await doorway.link(minutes=5)
    with pytest.raises(LinkEarly):
        await doorway.redeem(opened_by.token)
    with pytest.raises(LinkUnknown):
        await doorway.redeem(opened_by.token[:-1])

    doorway.county.clock.advance(minutes=20)

    with pytest.raises(LinkDead) as dead:
        await doorway.redeem(opened_by.token)
    assert dead.value.code == "guest_link_expired"


async def test_the_fifth_wrong_code_ends_the_link_also_for_the_right_one(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    await doorway.redeem(opened_by.token)

    for left in (4, 3, 2, 1):
        with pytest.raises(CodeWrong):
            await doorway.prove(guest, wrong(opened_by.code))
        assert (await doorway.view(guest)).tries == left
    with pytest.raises(LinkDead) as dead:
        await doorway.prove(guest, wrong(opened_by.code))

    assert dead.value.code == "guest_link_code_spent"
    with pytest.raises(LinkDead):
        await doorway.prove(guest, opened_by.code)
    assert (await doorway.row(guest)).why_ended == GuestEnd.CODE_SPENT


@pytest.mark.both_databases
async def test_five_wrong_codes_at_once_do_not_leave_a_sixth_try(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    await doorway.redeem(opened_by.token)

    results = await asyncio.gather(
        *(doorway.prove(guest, wrong(opened_by.code)) for _ in range(9)), return_exceptions=True
    )

    assert all(isinstance(result, Refusal) for result in results), results
    assert (await doorway.row(guest)).code_failures == 5
    with pytest.raises(LinkDead):
        await doorway.prove(guest, opened_by.code)


async def test_before_the_code_a_page_is_not_told_who_asks(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    await doorway.redeem(opened_by.token)

    before = await doorway.view(guest)
    await doorway.prove(guest, opened_by.code)
    after = await doorway.view(guest)

    assert (before.title, before.host_name) == ("", "")
    assert (after.title, after.host_name) == ("手语翻译", doorway.host.name)


async def test_nobody_gets_on_the_line_before_the_lobby_or_after_the_end(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    await doorway.redeem(opened_by.token)
    await doorway.prove(guest, opened_by.code)
    actor = Guest(guest, doorway.visit.id)

    async def dial() -> None:
        await doorway.county.read(lambda work: guests.refuse_unless_waiting(work, actor))

    with pytest.raises(WrongGuestState):
        await dial()
    await doorway.waits(guest)
    await dial()
    await doorway.county.ends(doorway.host, doorway.visit.id)
    with pytest.raises(LinkDead) as dead:
        await dial()
    assert dead.value.code == "guest_link_visit_over"


async def test_a_revoked_link_opens_nothing_and_a_revoked_guest_is_out_of_the_lobby(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    await doorway.revoke(guest)
    with pytest.raises(LinkDead) as dead:
        await doorway.redeem(opened_by.token)
    assert dead.value.code == "guest_link_revoked"

    waiting = await doorway.in_lobby()
    await doorway.revoke(waiting)
    with pytest.raises(LinkDead):
        await doorway.admit(waiting)


@pytest.mark.both_databases
async def test_who_was_removed_from_the_call_can_not_use_the_link_again(doorway: Doorway) -> None:
    guest = await doorway.in_lobby()
    await doorway.admit(guest)
    with pytest.raises(WrongGuestState):
        await doorway.revoke(guest)

    await doorway.county.edge.run(
        lambda work: Visits(work.session).remove(doorway.visit.id, seat_of_guest(guest), at=work.now)
    )

    assert (await doorway.view(guest)).end is GuestEnd.REMOVED
    with pytest.raises(LinkDead):
        await doorway.waits(guest)


async def test_who_does_not_wait_is_not_let_in_and_who_is_in_is_let_in_once(doorway: Doorway) -> None:
    guest, _ = await doorway.link()
    with pytest.raises(WrongGuestState):
        await doorway.admit(guest)

    waiting = await doorway.in_lobby()
    await doorway.admit(waiting)
    await doorway.admit(waiting)

    admitted = [note for note in doorway.county.hall.of(Admitted) if note.seat == seat_of_guest(waiting)]
    assert len(admitted) == 1


async def test_a_full_call_takes_no_guest(doorway: Doorway) -> None:
    waiting = [await doorway.in_lobby() for _ in range(5)]
    for guest in waiting[:4]:
        await doorway.admit(guest)

    with pytest.raises(CallFull):
        await doorway.admit(waiting[4])


async def test_the_form_wants_a_known_role_and_a_title(doorway: Doorway) -> None:
    with pytest.raises(BadInput) as bad:
        await doorway.link(role="boss", title=" ")
    assert bad.value.fields == {"role": "unknown", "title": "required"}

    with pytest.raises(BadInput):
        await doorway.link(title="长" * 41)


async def test_a_guest_says_a_name_of_some_length(doorway: Doorway) -> None:
    guest, opened_by = await doorway.link()
    await doorway.redeem(opened_by.token)
    with pytest.raises(WrongGuestState):
        await doorway.waits(guest)
    await doorway.prove(guest, opened_by.code)

    for name in ("", "名" * 21):
        with pytest.raises(BadInput):
            await doorway.waits(guest, name)


async def test_attempts_of_one_address_and_on_one_link_are_counted(doorway: Doorway) -> None:
    for number in range(30):
        with pytest.raises(LinkUnknown):
            await doorway.redeem(f"unknown{number}", address="10.0.0.9")
    with pytest.raises(TooManyAttempts):
        await doorway.redeem("one more", address="10.0.0.9")

    _, opened_by = await doorway.link()
    for number in range(10):
        with contextlib.suppress(LinkUsed):  # all but the first
            await doorway.redeem(opened_by.token, f"{number:043d}", address=f"10.0.1.{number}")
    with pytest.raises(TooManyAttempts):
        await doorway.redeem(opened_by.token, address="10.0.1.99")


async def test_only_the_host_makes_and_admits_and_only_in_a_running_call(doorway: Doorway) -> None:
    guest = await doorway.in_lobby()
    for role in set(Role) - UNGRANTED:
        who = await doorway.county.officer(role)
        with pytest.raises(NotFound if role in COUNTY else NotAllowed):
            await doorway.admit(guest, who)

    await doorway.county.ends(doorway.host, VisitId(doorway.visit.id))

    with pytest.raises(WrongState):
        await doorway.link()
    with pytest.raises(WrongState):
        await doorway.admit(guest)
