"""Coming back to a session: who may, what is told, and what the record says of it."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from reception.domain.visits import VisitState
from reception.keys import PRESENCE
from reception.services.work import Work
from reception.store.tables import AuditRow
from reception.store.visits import Visits
from signaling.ids import RoomId
from signaling.keys import HUB
from signaling.messages import (
    Chat,
    ChatLine,
    CloseCode,
    Duty,
    Join,
    Queue,
    Result,
    Resumed,
    ResumeFailed,
    Ring,
    RingStopped,
    RoomState,
    Welcome,
)
from tests.signaling.peers import ScriptedPeer, a_uuid
from tests.support.clients import House, OfficerClient, TerminalClient, a_house
from tests.support.factories import FrozenClock, MadeVisit

TEXT = "我听不清，请写下来。"


async def joined(house: House) -> tuple[OfficerClient, ScriptedPeer, TerminalClient, ScriptedPeer, MadeVisit]:
    """Have an officer and a terminal talk."""
    officer, desk = await house.on_duty()
    terminal, made = await house.waiting()
    page = await terminal.connect()
    await desk.expect(Ring, visit=made.id)
    await officer.post(f"/api/v1/visits/{made.id}/answer")
    for peer in (desk, page):
        assert isinstance(await peer.command(Join(id=a_uuid(), room=RoomId(made.id))), Result)
    return officer, desk, terminal, page, made


async def kinds_of_events(house: House, made: MadeVisit) -> list[str]:
    """Return what the visit's timeline holds."""
    events = await house.county.read(lambda work: Visits(work.session).events(made.id))
    return [event.kind for event in events]


async def reused(house: House) -> list[tuple[str, str]]:
    """Return seat and login of every token that came back, as the trail has them."""

    async def read(work: Work) -> list[tuple[str, str]]:
        query = select(AuditRow).where(AuditRow.action == "line_token_reused")
        return [(row.actor, row.object_id) for row in (await work.session.scalars(query)).all()]

    return await house.county.read(read)


# Who may


async def test_a_page_comes_back_to_its_session_and_hears_the_facts_it_missed(house: House) -> None:
    officer, desk = await house.on_duty()
    _, made = await house.waiting()
    await desk.expect(Ring, visit=made.id)
    await desk.drop()
    colleague = await house.county.on_duty()
    await house.county.answers(colleague, made.id)

    back = await officer.resume(desk)

    assert isinstance(await back.expect(Resumed), Resumed)
    assert (await back.expect(RingStopped, visit=made.id)).why == "answered"
    numbers = [event.seq for event in back.seen if isinstance(event, Ring | RingStopped)]
    assert numbers == sorted(set(numbers))


async def test_who_signed_out_and_in_again_does_not_get_the_old_session_back(house: House) -> None:
    officer, desk = await house.on_duty()
    await officer.submit("/logout")
    again = house.browser_of(await house.county.sign_in(officer.actor.person, officer.actor.username))

    back = await again.resume(desk)

    assert (await back.expect(ResumeFailed)).reason == "expired"
    await back.expect(Welcome)


async def test_without_a_login_nobody_gets_as_far_as_a_resume(house: House) -> None:
    officer, _ = await house.on_duty()
    await officer.submit("/logout")

    assert (await officer.post("/api/v1/ws-ticket")).code == "signed_out"


async def test_a_colleague_with_a_copied_token_is_turned_away(house: House) -> None:
    _, desk = await house.on_duty()
    thief = await house.officer()

    tried = await thief.resume(desk)

    assert (await tried.expect(ResumeFailed)).reason == "conflict"
    assert (await tried.closes_with())[0] == CloseCode.TICKET


async def test_a_token_that_was_replaced_and_comes_back_ends_the_session_and_is_in_the_trail(
    house: House,
) -> None:
    officer, desk = await house.on_duty()
    first = next(one for one in desk.seen if isinstance(one, Welcome)).resume_token
    await desk.drop()
    back = await officer.resume(desk)
    await back.expect(Resumed)
    again = await officer.resume(back)  # the newest token was used, so the first is worth nothing
    await again.expect(Resumed)

    copy = await officer.resume(again, token=first)

    assert (await copy.expect(ResumeFailed)).reason == "conflict"
    assert (await again.closes_with())[0] == CloseCode.REVOKED
    later = await officer.connect()
    await later.expect(Duty)
    assert await reused(house) == [(officer.actor.seat, officer.actor.login)]


# What is told


async def test_after_a_restart_views_are_told_again_and_facts_only_once(
    tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock) as house:
        officer, desk = await house.on_duty()
        clock.advance(seconds=1)
        _, made = await house.waiting()
        ring = await desk.expect(Ring, visit=made.id)
        clock.advance(seconds=1)

    async with a_house(tmp_path, clock, county=house.county) as again:
        client = OfficerClient(again.session, again.origin, officer.headers, actor=officer.actor)
        back = await client.resume(desk)
        resumed = await back.expect(Resumed)
        assert (await back.expect(Duty)).state == "ready"
        assert [row.visit for row in (await back.expect(Queue)).rows] == [made.id]
        await again.county.answers(await again.county.on_duty(), made.id)
        await back.expect(RingStopped, visit=made.id)

    assert resumed.replay_from > ring.seq
    assert [event.pos for event in back.seen if isinstance(event, Ring)] == [ring.pos]


async def test_a_line_that_is_repeated_after_a_restart_is_on_the_record_once(
    tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock) as house:
        _, _, terminal, page, made = await joined(house)
        said = Chat(id=a_uuid(), room=RoomId(made.id), text=TEXT)
        first = await page.command(said)
        clock.advance(minutes=1)

    async with a_house(tmp_path, clock, county=house.county) as again:
        client = TerminalClient(again.session, again.origin, terminal.headers, enrolled=terminal.enrolled)
        back = await client.resume(page)
        await back.expect(Resumed)
        await back.command(Join(id=a_uuid(), room=RoomId(made.id)))
        second = await back.command(said)

        assert isinstance(first, Result)
        assert isinstance(second, Result)
        assert first.at == second.at
        assert (await again.county.rows())["chat_line"] == 1
        lines = [one for one in back.seen if isinstance(one, ChatLine)]
        assert len({one.pos for one in lines}) == len(lines) <= 1


# What the record says


async def test_a_page_that_replaces_its_half_open_socket_was_never_away(house: House) -> None:
    officer, desk, _, _, made = await joined(house)
    house.county.clock.advance(seconds=20)

    back = await officer.resume(desk)  # the server still counts the older socket
    await back.expect(Resumed)
    await back.command(Chat(id=a_uuid(), room=RoomId(made.id), text=TEXT))

    assert await desk.closes_with() == (CloseCode.TAKEN_OVER, "replaced")
    assert house.app[PRESENCE].away_since(officer.actor.seat) is None
    assert "left" not in await kinds_of_events(house, made)


async def test_a_page_that_was_away_is_in_the_timeline_with_its_gap(house: House) -> None:
    officer, desk, _, page, made = await joined(house)
    await desk.drop()
    await is_seen_to_leave(page, officer)
    house.county.clock.advance(seconds=20)

    back = await officer.resume(desk)
    await back.expect(Resumed)
    await back.command(Join(id=a_uuid(), room=RoomId(made.id)))
    await house.app[HUB].aclose()  # with everything reported that happened up to now

    assert (await house.county.row(made.id)).state == VisitState.IN_CALL
    kinds = await kinds_of_events(house, made)
    assert kinds.count("joined") == 3


async def is_seen_to_leave(watching: ScriptedPeer, officer: OfficerClient) -> None:
    """Wait until the other side is told that the officer's line is gone."""
    while True:
        room = await watching.expect(RoomState)
        if not next(peer for peer in room.peers if peer.seat == officer.actor.seat).present:
            return


@pytest.mark.parametrize("times", [1, 3])
async def test_coming_back_without_any_traffic_in_between_changes_nothing(house: House, times: int) -> None:
    officer, desk = await house.on_duty()
    await desk.expect(Queue)

    for _ in range(times):
        await desk.drop()
        desk = await officer.resume(desk)
        await desk.expect(Resumed)

    _, made = await house.waiting()
    assert (await desk.expect(Ring)).visit == made.id
