"""Signalling sessions in the database: tokens that race, windows, and the end of a login."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.ids import new_id
from reception.domain.roles import Role
from reception.services import accounts
from reception.services.line import keep_up_line
from reception.services.people import SignedIn
from reception.services.work import Work
from reception.store.line_tables import SignalSessionRow
from reception.store.signal_sessions import ENDED_KEPT, WINDOW_S, SignalSessions
from signaling.ids import SeatId
from signaling.ports import StoredSession
from tests.support.factories import County

EPOCH = "epoch-1"


class Steady:
    """Seconds that the test counts."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_store(county: County, steady: Steady | None = None) -> SignalSessions:
    """Return the sessions of a run of the server that starts now."""
    edge = county.edge
    return SignalSessions(edge.sessions, edge.readers, county.clock, steady=steady or Steady())


def a_session(seat: str = "p-one", login: str = "login-one", **changes: str) -> StoredSession:
    fields = {"token_hash": "hash-1", "epoch": EPOCH, **changes}
    return StoredSession(sid=new_id(), seat=SeatId(seat), login=login, previous_hash=None, **fields)


async def test_a_session_is_found_as_it_was_opened(county: County) -> None:
    store, session = a_store(county), a_session()

    await store.open(session)

    assert await store.find(session.sid) == session
    assert await store.find("nobody") is None


async def test_of_fifty_resumes_with_one_token_exactly_one_wins(county: County) -> None:
    store, session = a_store(county), a_session()
    await store.open(session)

    won = await asyncio.gather(
        *(
            store.rotate(
                session.sid,
                expected_hash="hash-1",
                token_hash=f"hash-2-{number}",
                previous_hash="hash-1",
                epoch=EPOCH,
            )
            for number in range(50)
        )
    )

    found = await store.find(session.sid)
    assert found is not None
    assert sum(won) == 1
    assert (found.token_hash, found.previous_hash) == (f"hash-2-{won.index(True)}", "hash-1")


async def test_the_token_before_the_newest_is_forgotten_once_that_was_used(county: County) -> None:
    store, session = a_store(county), a_session()
    await store.open(session)
    await store.rotate(
        session.sid, expected_hash="hash-1", token_hash="hash-2", previous_hash="hash-1", epoch=EPOCH
    )

    await store.confirm(session.sid)

    found = await store.find(session.sid)
    assert found is not None
    assert (found.token_hash, found.previous_hash) == ("hash-2", None)


async def test_of_pages_that_open_at_once_one_has_the_seat(county: County) -> None:
    store = a_store(county)
    opened = [a_session() for _ in range(20)]
    other = a_session(seat="p-other")

    await asyncio.gather(*(store.open(session) for session in [*opened, other]))

    found = [await store.find(session.sid) for session in opened]
    assert sum(one is not None for one in found) == 1
    assert await store.find(other.sid) == other


async def test_an_ended_session_can_not_be_resumed_nor_rotated(county: County) -> None:
    store, session = a_store(county), a_session()
    await store.open(session)

    await store.end(session.sid)
    await store.end(session.sid)

    assert await store.find(session.sid) is None
    assert not await store.rotate(
        session.sid, expected_hash="hash-1", token_hash="hash-2", previous_hash="hash-1", epoch=EPOCH
    )


@pytest.mark.parametrize(("after_s", "is_found"), [(WINDOW_S - 1, True), (WINDOW_S + 1, False)])
async def test_the_window_of_an_earlier_run_counts_from_the_start_of_this_one(
    county: County, after_s: float, is_found: bool
) -> None:
    session = a_session()
    await a_store(county).open(session)
    county.clock.advance(hours=3)  # it was open all the time before the crash

    steady = Steady()
    store = a_store(county, steady)
    steady.seconds += after_s

    assert (await store.find(session.sid) is not None) is is_found


async def test_the_window_of_this_run_is_the_hubs_own(county: County) -> None:
    steady, session = Steady(), a_session()
    store = a_store(county, steady)
    await store.open(session)

    steady.seconds += 3600

    assert await store.find(session.sid) == session


async def test_a_session_that_was_taken_over_belongs_to_this_run(county: County) -> None:
    session, steady = a_session(), Steady()
    await a_store(county).open(session)
    store = a_store(county, steady)

    await store.rotate(
        session.sid, expected_hash="hash-1", token_hash="hash-2", previous_hash="hash-1", epoch="epoch-2"
    )
    steady.seconds += WINDOW_S + 1

    found = await store.find(session.sid)
    assert found is not None
    assert found.epoch == "epoch-2"


# The end of a login is the end of its line


EndsLogin = Callable[[County, SignedIn], Awaitable[object]]


async def by_signing_out(county: County, who: SignedIn) -> None:
    await county.edge.run(lambda work: county.people.sign_out(work, who.actor))


async def by_revocation(county: County, who: SignedIn) -> None:
    await county.edge.run(lambda work: county.people.revoke(work, who.actor, who.actor.login))


async def by_losing_the_role(county: County, who: SignedIn) -> None:
    admin = await county.officer(Role.SECURITY_ADMIN)
    role = Role.COUNTY_DUTY_OFFICER
    await county.edge.run(lambda work: accounts.revoke_role(work, admin, who.actor.person, role))


async def by_a_closed_account(county: County, who: SignedIn) -> None:
    admin = await county.officer(Role.SYS_ADMIN)
    await county.edge.run(lambda work: accounts.set_active(work, admin, who.actor.person, active=False))


async def by_a_new_password(county: County, who: SignedIn) -> None:
    await county.edge.run(lambda work: accounts.set_password(work, None, who.actor.person, "-"))


async def by_running_out(county: County, _: SignedIn) -> None:
    county.clock.advance(hours=11)
    await county.edge.run(keep_up_line)


@pytest.mark.parametrize(
    "ends",
    [
        by_signing_out,
        by_revocation,
        by_losing_the_role,
        by_a_closed_account,
        by_a_new_password,
        by_running_out,
    ],
)
async def test_with_a_login_its_sessions_on_the_wire_end(county: County, ends: EndsLogin) -> None:
    store, who = a_store(county), await county.signed_in()
    session = a_session(seat=who.actor.seat, login=who.actor.login)
    await store.open(session)
    untouched = a_session(seat="t-terminal", login="t-terminal")
    await store.open(untouched)

    await ends(county, who)

    assert await store.find(session.sid) is None
    assert await store.find(untouched.sid) == untouched


async def test_with_a_terminal_its_session_on_the_wire_ends(county: County) -> None:
    store, terminal, admin = a_store(county), await county.terminal(), await county.officer(Role.SYS_ADMIN)
    session = a_session(seat=terminal.actor.seat, login=terminal.actor.login)
    await store.open(session)

    await county.edge.run(lambda work: county.devices.revoke(work, admin, terminal.actor.device))

    assert await store.find(session.sid) is None


async def test_a_sign_out_that_is_rolled_back_ends_nothing(county: County) -> None:
    store, who = a_store(county), await county.signed_in()
    session = a_session(seat=who.actor.seat, login=who.actor.login)
    await store.open(session)

    async def use_case(work: Work) -> None:
        await county.people.sign_out(work, who.actor)
        raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        await county.edge.run(use_case)

    assert await store.find(session.sid) == session


async def test_upkeep_deletes_what_ended_long_ago_and_nothing_else(county: County) -> None:
    store = a_store(county)
    old, recent, running = (a_session(seat=f"t-{number}", login=f"t-{number}") for number in range(3))
    for session in (old, recent, running):
        await store.open(session)
    await store.end(old.sid)
    county.clock.now += ENDED_KEPT + timedelta(minutes=1)
    await store.end(recent.sid)

    await county.edge.run(keep_up_line)

    async def kept(work: Work) -> set[str]:
        return set((await work.session.scalars(select(SignalSessionRow.sid))).all())

    assert await county.read(kept) == {recent.sid, running.sid}
