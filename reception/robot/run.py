"""Runs a robot on the machine of the service: lock, enrolment, session, rehearsal, receipt."""

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable

import aiohttp
from sqlalchemy import select

from reception.domain.errors import NotFound
from reception.domain.ids import DeviceId, PlaceId
from reception.edge import utc_now
from reception.keyring import Keyring
from reception.robot import lock, lock_path, memory_path
from reception.robot.api import ApiRefused, TerminalApi
from reception.robot.memory import Memory
from reception.robot.rehearsal import AWAY_S, Ending, Rehearsal
from reception.services.devices import Devices
from reception.services.work import Work
from reception.settings import Settings
from reception.store.audit import AuditLog
from reception.store.engine import Sessions
from reception.store.tables import DeviceRow, PlaceRow
from reception.store.vault import Vault

logger = logging.getLogger(__name__)

LIFE_S = 20 * 60.0
EXIT_OK, EXIT_WITHOUT_RECEIPT, EXIT_USAGE, EXIT_RUNS = 0, 1, 64, 75
# What the service says of a terminal that has to be enrolled anew.
_STALE = frozenset({"device_cloned", "device_revoked", "bad_signature"})

IssueCode = Callable[[str | None], Awaitable[str]]


class UnknownRoomError(LookupError):
    """The county has no room of this code."""


async def run_robot(
    base_url: str,
    *,
    origin: str,
    memory: Memory,
    issue_code: IssueCode,
    life_s: float = LIFE_S,
    away_s: float = AWAY_S,
    stop: asyncio.Event | None = None,
) -> tuple[Ending, str]:
    """Let a fictional visitor call, and return how it ended, with the receipt's number or an empty string.

    Args:
        base_url: where the service listens, e.g. `http://127.0.0.1:8080`.
        origin: an origin that the service's pages are served from.
        memory: where the terminal's key and roll are kept from run to run.
        issue_code: makes a one-time code; gets the former terminal, if any, to take it out of service.
        life_s: seconds after which the robot goes home.
        away_s: seconds without the service after which it does, too.
        stop: set to send it home at once; a visit that still waits is taken back.

    Raises:
        ApiRefused: the service does not let the robot in, e.g. `device_in_use`.
    """
    api = TerminalApi.client(base_url, origin)
    async with api.http:
        await _open_session(api, memory, issue_code)
        rehearsal = Rehearsal(api, number=secrets.randbelow(10**6), away_s=away_s)
        ending = await rehearsal.run(life_s, stop or asyncio.Event())
    return ending, rehearsal.receipt


async def _open_session(api: TerminalApi, memory: Memory, issue_code: IssueCode) -> None:
    """Go in as the terminal of earlier runs, or as a new one when that is not known any more."""
    known = memory.recall()
    if known is not None:
        try:
            await api.open_session(known, memory)
        except ApiRefused as refused:
            if refused.code not in _STALE:
                raise
            logger.info("robot.enrols_anew code=%s", refused.code)
        else:
            return
    enrolment = await api.enrol(await issue_code(known.device if known else None), "模拟来访")
    memory.keep(enrolment)
    await api.open_session(enrolment, memory)


def run_once(settings: Settings, room: str) -> int:
    """Run one rehearsal against the service of this machine; print how it ended, ids and states only."""
    # They log every candidate with its address.
    for name in ("aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        held = lock.take(lock_path(settings, room))
    except NotFound:
        return _say(f"there is no room {room}", EXIT_USAGE)
    except lock.RobotRuns:
        return _say(f"a robot is calling from {room} already", EXIT_RUNS)
    try:
        ending, receipt = asyncio.run(_run(settings, room))
    except UnknownRoomError:
        return _say(f"there is no room {room}", EXIT_USAGE)
    except ApiRefused as refused:
        return _say(f"the service refused: {refused.code}", EXIT_WITHOUT_RECEIPT)
    except aiohttp.ClientError as error:
        return _say(f"the service can not be reached: {type(error).__name__}", EXIT_WITHOUT_RECEIPT)
    finally:
        os.close(held)
    return _say(f"{ending} {receipt}".strip(), EXIT_OK if receipt else EXIT_WITHOUT_RECEIPT)


def _say(words: str, code: int) -> int:
    sys.stdout.write(words + "\n")
    return code


async def _run(settings: Settings, room: str) -> tuple[Ending, str]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    base_url = f"http://{settings.listen}"
    sessions = Sessions.open(settings.url)
    try:
        place = await _place(sessions, room)

        async def issue_code(former: str | None) -> str:
            return await _issue_code(settings, sessions, place, former)

        return await run_robot(
            base_url,
            origin=base_url if base_url in settings.origins else min(settings.origins),
            memory=Memory(memory_path(settings, room)),
            issue_code=issue_code,
            stop=stop,
        )
    finally:
        await sessions.aclose()


async def _place(sessions: Sessions, room: str) -> PlaceId:
    async with sessions.read() as session:
        place = await session.scalar(select(PlaceRow.id).where(PlaceRow.code == room))
    if place is None:
        raise UnknownRoomError(room)
    return PlaceId(place)


async def _issue_code(settings: Settings, sessions: Sessions, place: PlaceId, former: str | None) -> str:
    """Make a code as the command line does; the robot's former terminal goes out of service with it."""
    keyring = Keyring.load_or_create(settings.data_dir)
    devices = Devices()
    async with sessions.write.begin() as session:
        work = Work(session, utc_now(), Vault(keyring), AuditLog(keyring.audit_key))
        if former is not None and await session.get(DeviceRow, former) is not None:
            await devices.revoke(work, None, DeviceId(former))
        return (await devices.issue_code(work, None, place)).code
