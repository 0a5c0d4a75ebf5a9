"""Coming back on a new socket: what is told again, who may come back, and what the room sees of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.messages import (
    Ack,
    Chat,
    ChatLine,
    Duty,
    Gone,
    Hello,
    Join,
    Pong,
    Refused,
    Result,
    Resumed,
    ResumeFailed,
    RoomState,
    TransportOffer,
)
from signaling.tokens import Claims
from tests.signaling.page import PATIENT_LIMITS, Page, Town, a_town
from tests.signaling.peers import MEMBERS, OFFICER, ROOM, TERMINAL, World, a_uuid


async def an_open_page(town: Town, seat: SeatId = OFFICER) -> Page:
    page = Page(town, seat)
    await page.open()
    return page


def present(world: World) -> frozenset[SeatId]:
    view = world.hub.room(ROOM)
    assert view is not None
    return view.present


async def test_what_was_said_meanwhile_is_told_in_order() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.view(OFFICER, 1)
        await page.read()
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        town.view(OFFICER, 2)
        town.fact(OFFICER)
        town.view(OFFICER, 3)

        answer = await page.resume()

        assert isinstance(answer, Resumed)
        assert (answer.replay_from, answer.epoch, answer.build) == (2, town.world.hub.epoch, "build-1")
        await page.catch_up(view=3)
        assert page.witness.broken == []
        assert page.witness.pos == 1


async def test_an_answer_that_was_lost_costs_nothing() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        for number in range(1, 4):
            await page.lose()
            lost = await town.world.dial()
            await lost.say(page.resume_frame())
            assert isinstance(await lost.read(), Resumed)
            await lost.drop()
            town.view(OFFICER, number)
            page.peer = lost

        answer = await page.resume()

        assert isinstance(answer, Resumed)
        await page.catch_up(view=3)
        assert page.witness.broken == []


async def test_a_page_that_resumes_over_its_own_half_open_socket_is_not_seen_to_leave() -> None:
    async with a_town() as town:
        await town.world.hub.open_room(ROOM, MEMBERS, 0)
        page = await an_open_page(town)
        assert page.peer is not None
        half_open = page.peer
        await half_open.command(Join(id=a_uuid(), room=ROOM))
        page.witness.seq = 1
        other = await town.world.joined(TERMINAL)
        await page.lose(half_open=True)
        page.former.clear()

        answer = await page.resume()

        assert isinstance(answer, Resumed)
        assert await half_open.closes_with() == (4409, "replaced")
        assert present(town.world) == {OFFICER, TERMINAL}
        await other.command(Chat(id=a_uuid(), room=ROOM, text="还在"))
        states = [m for m in other.seen if isinstance(m, RoomState)]
        assert all(peer.present for state in states for peer in state.peers)
        told = [note for note in town.world.observer.noted if OFFICER in note]
        assert told == [("present", OFFICER), ("joined", ROOM, OFFICER)]


async def test_who_was_seen_to_leave_joins_again_and_is_told_everything() -> None:
    async with a_town() as town:
        await town.world.hub.open_room(ROOM, MEMBERS, 0)
        page = await an_open_page(town)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")

        await page.resume()

        await town.world.observer.has_seen(lambda noted: noted.count(("present", OFFICER)) == 2)
        assert page.peer is not None
        assert isinstance(await page.peer.command(Join(id=a_uuid(), room=ROOM)), Result)
        assert present(town.world) == {OFFICER}


@pytest.mark.parametrize(
    ("seconds", "answer"),
    [
        (119, Resumed),  # just in time
        (121, ResumeFailed),
    ],
)
async def test_a_session_waits_two_minutes_for_its_page(seconds: float, answer: type) -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.view(OFFICER, 1)  # told just before the line breaks, and never read
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        town.clock.seconds += seconds
        town.view(OFFICER, 2)

        said = await page.resume()

        assert isinstance(said, answer)
        if isinstance(said, ResumeFailed):
            assert said.reason == "expired"
            town.view(OFFICER, 3)
        await page.catch_up(view=2)
        assert page.witness.broken == []


async def test_a_window_that_is_over_ends_the_session_for_good() -> None:
    async with a_town(replace(PATIENT_LIMITS, window_s=0.05)) as town:
        page = await an_open_page(town)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")

        town.clock.seconds += 1

        await town.durable.sessions.sees_end_of(page.sid)
        assert isinstance(await page.resume(), ResumeFailed)


@pytest.mark.parametrize("lost", ["events", "bytes"])
async def test_more_than_is_kept_is_a_gap_and_a_new_session(lost: str) -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        assert page.peer is not None
        command = Join(id=a_uuid(), room=ROOM, cseq=1)
        await page.peer.command(command)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        town.fact(OFFICER)
        if lost == "events":
            for number in range(1, 258):
                town.view(OFFICER, number)
        else:
            for _ in range(5):
                town.world.hub.send([OFFICER], a_long_line())

        answer = await page.resume()

        assert answer == ResumeFailed(reason="gap", last_cseq=1)
        town.view(OFFICER, 300)
        await page.catch_up(view=300)
        assert page.witness.broken == []
        assert page.witness.pos == 1


def a_long_line() -> ChatLine:
    """A frame of some 60 KiB, as the queue of a busy county can be; of text that no page could send."""
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return ChatLine(room=ROOM, from_seat=TERMINAL, text="长" * 20_000, at=at)


async def test_256_events_are_still_told() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        for number in range(1, 257):
            town.view(OFFICER, number)

        assert isinstance(await page.resume(), Resumed)

        await page.catch_up(view=256)
        assert page.witness.broken == []


@pytest.mark.parametrize("last_seq", [0, 99])
async def test_numbers_that_were_acknowledged_or_never_told_are_a_gap(last_seq: int) -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        for number in (1, 2):
            town.view(OFFICER, number)
            await page.read()
        await page.acknowledge()
        assert page.peer is not None
        await page.peer.command(Join(id=a_uuid(), room=ROOM))  # behind the acknowledgement
        again = await town.world.dial()

        await again.say(page.resume_frame(last_seq=last_seq))

        assert await again.read() == ResumeFailed(reason="gap", last_cseq=0)


async def test_another_tab_ends_the_session_and_the_older_page_does_not_fight_back() -> None:
    async with a_town() as town:
        older, newer = await an_open_page(town), Page(town, OFFICER)
        await newer.open()
        assert older.peer is not None
        assert newer.peer is not None
        assert await older.peer.closes_with() == (4409, "taken_over")

        answer = await older.resume()

        assert answer == ResumeFailed(reason="conflict", last_cseq=0)
        assert await older.peer.closes_with() == (4409, "taken_over")
        assert isinstance(await newer.peer.command(Join(id=a_uuid(), room=ROOM)), Refused)  # it is alive
        await newer.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        assert isinstance(await older.resume(), ResumeFailed)
        assert town.world.hub.present() == {OFFICER}


async def test_a_page_whose_new_welcome_was_lost_is_not_taken_for_another_page() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        town.clock.seconds += 121
        unheard = await town.world.dial()
        await unheard.say(page.resume_frame())
        assert isinstance(await unheard.read(), ResumeFailed)

        answer = await page.resume()

        assert answer == ResumeFailed(reason="expired", last_cseq=0)
        assert await unheard.closes_with() == (4409, "replaced")
        assert town.world.hub.present() == {OFFICER}


async def test_a_token_that_was_replaced_ends_the_session_for_both_who_hold_one() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        stolen = page.token
        await page.resume()
        await page.acknowledge()
        assert page.peer is not None
        await page.peer.command(Join(id=a_uuid(), room=ROOM))
        thief = await town.world.dial()

        await thief.say(page.resume_frame(token=stolen))

        assert await thief.read() == ResumeFailed(reason="conflict", last_cseq=0)
        assert await thief.closes_with() == (4401, "conflict")
        assert await page.peer.closes_with() == (4410, "revoked")
        await town.world.observer.has_noted("reused", OFFICER, page.claims.login)
        assert page.sid in town.durable.sessions.ended
        assert isinstance(await page.resume(), ResumeFailed)


async def test_a_late_frame_of_a_socket_that_its_page_gave_up_is_no_theft() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        late, frame = await town.world.dial(), page.resume_frame()
        await page.resume()
        await page.acknowledge()

        await late.say(frame)

        assert await late.closes_with() == (4401, "conflict")
        assert page.peer is not None
        await page.peer.command(Join(id=a_uuid(), room=ROOM))
        assert town.world.hub.present() == {OFFICER}
        assert ("reused", OFFICER, page.claims.login) not in town.world.observer.noted


async def test_a_late_hello_of_a_socket_that_its_page_gave_up_takes_nothing_over() -> None:
    async with a_town() as town:
        page = Page(town, OFFICER)
        late, ticket = await town.world.dial(), page.ticket()
        await page.open()

        await late.say(Hello(ticket=ticket, proto=1))

        assert await late.closes_with() == (4401, "conflict")
        assert page.peer is not None
        await page.peer.command(Join(id=a_uuid(), room=ROOM))
        assert town.world.hub.present() == {OFFICER}


@pytest.mark.parametrize(
    "claims",
    [
        Claims(TERMINAL, f"login-{OFFICER}"),  # another seat
        Claims(OFFICER, "login-2"),  # another login of the seat's holder
    ],
)
async def test_a_session_is_resumed_by_its_own_login_on_its_own_seat_only(claims: Claims) -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        other = await town.world.dial()

        await other.say(page.resume_frame(ticket=town.world.tickets.issue(claims)))

        assert await other.read() == ResumeFailed(reason="conflict", last_cseq=0)
        assert await other.closes_with() == (4401, "conflict")
        assert town.world.hub.present() == {OFFICER}


async def test_a_second_resume_on_one_socket_changes_nothing() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await page.resume()
        assert page.peer is not None

        await page.peer.say(page.resume_frame())

        assert await page.peer.read() == Refused(code="already_welcome")


async def test_a_revoked_login_never_comes_back() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        frame = page.resume_frame()
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")

        await town.world.hub.close_login(page.claims.login, 4410, "revoked")

        again = await town.world.dial()
        await again.say(frame)
        assert await again.closes_with() == (4401, "ticket_refused")
        assert page.sid in town.durable.sessions.ended


async def test_a_login_that_is_revoked_while_its_page_comes_in_stays_outside() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        sessions = town.durable.sessions
        rotate = sessions.rotate

        async def revoked_meanwhile(sid: str, **hashes: str) -> bool:
            await town.world.hub.close_login(page.claims.login, 4410, "revoked")
            return await rotate(sid, **hashes)

        page.peer = await town.world.dial()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                type(sessions), "rotate", lambda _self, sid, **hashes: revoked_meanwhile(sid, **hashes)
            )
            await page.peer.say(page.resume_frame())
            code, reason = await page.peer.closes_with()

        assert (code, reason) == (4410, "revoked")
        assert town.world.hub.present() == frozenset()


async def test_a_new_run_goes_on_with_the_numbers_and_the_journal() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        first = town.world.hub.epoch
        for number in range(1, 4):
            town.fact(OFFICER)
            town.view(OFFICER, number)
        await page.catch_up(view=3)
        await page.lose()
        town.fact(OFFICER, is_called=False)  # killed between commit and telling
        await town.restart()

        answer = await page.resume()

        assert isinstance(answer, Resumed)
        assert (answer.replay_from, answer.last_cseq) == (7, 0)
        assert answer.epoch == town.world.hub.epoch != first
        town.view(OFFICER, 9)
        await page.catch_up(view=9)
        assert page.witness.broken == []
        assert page.witness.pos == 4
        await town.world.observer.has_noted("present", OFFICER)


async def test_a_new_run_waits_for_its_pages_no_longer_than_the_window() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await page.lose()
        await town.restart()
        town.clock.seconds += 121

        answer = await page.resume()

        assert answer == ResumeFailed(reason="expired", last_cseq=0)


async def test_a_journal_that_was_set_back_is_a_gap() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.fact(OFFICER)
        await page.catch_up(view=0)
        await page.lose()
        town.durable.journal.facts.clear()
        await town.restart()
        page.witness.pos = 0
        page.peer = await town.world.dial()

        await page.peer.say(page.resume_frame(last_pos=1))

        assert await page.peer.read() == ResumeFailed(reason="gap", last_cseq=0)


async def test_a_fact_whose_call_was_lost_is_found_by_the_next_sign_of_life() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.fact(OFFICER, is_called=False)
        assert page.peer is not None

        await page.peer.say(Pong(n=0))

        await page.catch_up(view=0)
        assert page.witness.pos == 1


async def test_facts_wait_for_a_journal_that_does_not_answer_and_views_do_not() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.durable.journal.fails = True
        for _ in range(3):
            town.fact(OFFICER)
        town.view(OFFICER, 1)

        assert isinstance(await page.read(), Duty)
        town.durable.journal.fails = False

        await page.catch_up(view=1)
        assert page.witness.broken == []


async def test_a_long_journal_is_told_in_order_a_piece_at_a_time() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        for _ in range(950):
            town.fact(OFFICER, is_called=False)

        town.world.hub.wake([OFFICER])

        await page.catch_up(view=0)
        assert page.witness.broken == []
        assert page.witness.pos == 950


@pytest.mark.parametrize("call", ["open", "find", "rotate", "rotate_after"])
async def test_a_store_that_fails_sends_the_page_away_to_come_back(call: str) -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await page.lose()
        await town.world.observer.has_noted("gone", OFFICER, "socket")
        town.durable.sessions.fails = {call}
        refused = await town.world.dial()
        if call == "open":
            await refused.say(Hello(ticket=page.ticket(), proto=1))
        else:
            await refused.say(page.resume_frame())
        assert await refused.closes_with() == (1012, "unavailable")
        town.durable.sessions.fails = set()

        answer = await page.resume()

        assert isinstance(answer, Resumed)


async def test_a_confirmation_that_fails_is_repeated_with_the_next_frame() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.durable.sessions.fails = {"confirm"}
        await page.resume()
        assert page.peer is not None
        await page.peer.command(Join(id=a_uuid(), room=ROOM))
        assert town.durable.sessions.rows[page.sid].previous_hash is not None
        town.durable.sessions.fails = set()

        await page.peer.command(Join(id=a_uuid(), room=ROOM))
        await page.peer.command(Join(id=a_uuid(), room=ROOM))

        assert town.durable.sessions.rows[page.sid].previous_hash is None


async def test_an_end_that_the_store_did_not_take_is_repeated() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        town.durable.sessions.fails = {"end"}

        await town.world.hub.close_login(page.claims.login, 4410, "revoked")
        assert page.sid not in town.durable.sessions.ended
        assert isinstance(await page.resume(), ResumeFailed)


async def test_an_offer_whose_answer_was_lost_is_answered_again_and_built_once() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        assert page.peer is not None
        offer = TransportOffer(id=a_uuid(), sdp="v=0 offer", cseq=1)
        first = await page.peer.command(offer)
        await page.lose()
        town.world.plane.mood = "broken"  # building again would fail
        await page.resume()

        assert await page.peer.command(offer) == first

        await page.peer.drop()
        page.last_cseq = 1
        await page.resume()
        assert isinstance(await page.peer.command(offer), Refused)  # forgotten: its answer had arrived


async def test_a_chat_line_is_said_once_over_any_number_of_runs() -> None:
    async with a_town() as town:
        await town.world.hub.open_room(ROOM, MEMBERS, 0)
        page = await an_open_page(town)
        assert page.peer is not None
        await page.peer.command(Join(id=a_uuid(), room=ROOM, cseq=1))
        chat = Chat(id=a_uuid(), room=ROOM, text="一次", cseq=2)
        first = await page.peer.command(chat)
        await page.lose()
        await town.restart()
        await town.world.hub.open_room(ROOM, MEMBERS, 0)
        page.witness.seq = 0
        await page.open()
        await page.peer.command(Join(id=a_uuid(), room=ROOM, cseq=1))

        again = await page.peer.command(Chat(id=chat.id, room=ROOM, text="一次", cseq=7))

        assert again == first
        assert len(town.durable.journal.facts[TERMINAL]) == 1


async def test_the_hub_counts_commands_without_a_gap() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        assert page.peer is not None
        for cseq in (1, 2, 4, 0):
            await page.peer.command(Join(id=a_uuid(), room=ROOM, cseq=cseq))

        answer = await page.resume()

        assert isinstance(answer, Resumed)
        assert answer.last_cseq == 2


async def test_a_closing_hub_lets_nobody_in_and_its_sessions_go_on_in_the_next_run() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        assert page.peer is not None
        await town.world.hub.aclose()
        assert await page.peer.closes_with() == (1012, "restart")

        await town.restart()

        assert isinstance(await page.resume(), Resumed)


async def test_a_farewell_has_no_number() -> None:
    async with a_town() as town:
        page = await an_open_page(town)
        await town.world.hub.close_seat(OFFICER, 4408, "silent")

        assert await page.read() == Gone(code="silent", seq=0)
        assert isinstance(await page.resume(), Resumed)


async def test_an_acknowledgement_of_what_was_never_told_says_nothing() -> None:
    async with a_town(Limits(close_s=0.5)) as town:
        page = await an_open_page(town)
        town.view(OFFICER, 1)
        assert page.peer is not None

        await page.peer.say(Ack(seq=99))
        await page.peer.command(Join(id=a_uuid(), room=ROOM))
        await page.resume()

        await page.catch_up(view=1)
        assert page.witness.broken == []
