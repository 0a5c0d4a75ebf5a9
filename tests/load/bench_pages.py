"""What the schedule costs: 14 rooms, 40 officials, four weeks of shifts and appointments.

`python -m tests.load.bench_pages [rounds]`.  Requests go over a real socket to the real application on
SQLite, one at a time and in turn, so that whatever else the machine does falls on all alike.  The bare page
(`/account`) is what any page costs here: session, transaction, template.  A move is the whole of "drag to
saved": the request with its commit, and its answer.  The last column compares CPU time, which a busy
machine does not change; the two goals are for a machine that does nothing else.
"""

import asyncio
import logging
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter, process_time

from reception.domain.ids import new_id
from reception.domain.roles import Role
from reception.services.work import OFFICE_TIME, Work
from reception.store.migrations import upgrade
from reception.store.tables import PersonRow, PlaceRow, RoleGrantRow, UnitRow
from scheduling.domain.appointments import AppointmentState
from scheduling.domain.roster import Post
from scheduling.domain.rotation import Handover, Rotation
from scheduling.store.appointment_tables import AppointmentRow
from scheduling.store.appointments import Appointments
from scheduling.store.roster_shifts import Dealing, add_rotation, deal
from scheduling.store.rosters import change_post
from tests.support.clients import House, OfficerClient, Reply, a_house
from tests.support.factories import NOW, FrozenClock

ROUNDS = 60
ROOMS, OFFICIALS, WEEKS, POSTS = 14, 40, 4, 20
CLOCKS = (time(9), time(10, 30), time(14), time(15, 30))
PAGE_GOAL_MS, MOVE_GOAL_MS = 300.0, 200.0
_HEAD = f"{'milliseconds':<32} server p50    p95  whole p50    p95  CPU p50  × bare"
_ACCESS = re.compile(r"route=(\S+) .*ms=([\d.]+)")


@dataclass(slots=True)
class Times:
    """Milliseconds of one kind of request.

    Attributes:
        whole: as the client waits.
        server: as the server counts itself.
        cpu: of the one process that holds both; what other work on the machine does not change.
    """

    whole: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class AccessLog(logging.Handler):
    """Keeps how long the server says that its last request took."""

    last_ms = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Read the duration out of the access line."""
        found = _ACCESS.search(record.getMessage())
        if found:
            self.last_ms = float(found[2])


@dataclass(slots=True)
class Filled:
    """A county with rosters; its appointments come day by day."""

    rooms: Sequence[str]
    officials: Sequence[str]
    first: date


def working_days(first: date) -> list[date]:
    """Return the weekdays of the measured weeks."""
    days = [first + timedelta(days=n) for n in range(7 * WEEKS)]
    return [day for day in days if day.weekday() < 5]


async def fill(work: Work, organ: str) -> Filled:
    """Add units, rooms, people, rotations and their shifts."""
    rooms = await _add_townships(work)
    officials = await _add_people(work, organ)
    await work.session.flush()
    first = work.today + timedelta(days=7 - work.today.weekday())
    await _add_rosters(work, officials, first)
    return Filled(rooms, officials, first)


async def fill_day(work: Work, filled: Filled, day: date) -> list[str]:
    """Add what is booked on a day: a visit in every room at every hour."""
    return [
        await _add_appointment(work, room, filled.officials[number], day, clock)
        for number, room in enumerate(filled.rooms)
        for clock in CLOCKS
    ]


async def _add_townships(work: Work) -> list[str]:
    rooms = []
    for number in range(ROOMS):
        unit = UnitRow(id=new_id(), kind="township", name=f"第{number + 1}镇", position=10 + number)
        work.session.add(unit)
        await work.session.flush()
        room = PlaceRow(id=new_id(), code=f"B{number:02d}", name=f"第{number + 1}镇接访室", unit_id=unit.id)
        work.session.add(room)
        rooms.append(room.id)
    return rooms


async def _add_people(work: Work, organ: str) -> list[str]:
    people = []
    for number in range(OFFICIALS):
        person = PersonRow(
            id=new_id(),
            username=f"official{number}",
            name=f"干部{number}",
            post="值班接访员",
            unit_id=organ,
            password_hash="-",
            created_at=work.now,
        )
        work.session.add(person)
        await work.session.flush()
        work.session.add(RoleGrantRow(person_id=person.id, role=Role.COUNTY_DUTY_OFFICER))
        people.append(person.id)
    return people


async def _add_rosters(work: Work, officials: Sequence[str], first: date) -> None:
    """Give every pair of officials a post that the two take turns on, day by day."""
    until = first + timedelta(days=7 * WEEKS)
    dealing = Dealing(work.now, until, OFFICE_TIME, lambda day: day.weekday() < 5)
    for number in range(POSTS):
        unit = UnitRow(id=new_id(), kind="section", name=f"第{number + 1}室", position=100 + number)
        work.session.add(unit)
        await work.session.flush()
        post = Post(Role.COUNTY_DUTY_OFFICER, unit.id)
        rotation = Rotation(
            id=new_id(),
            post=post,
            members=tuple(officials[2 * number : 2 * number + 2]),
            rule="FREQ=DAILY",
            opens=time(8, 30),
            closes=time(17, 30),
            starts_on=first - timedelta(days=730),
            handover=Handover.DAILY,
        )
        await change_post(work.session, post)
        await add_rotation(work.session, rotation)
        await deal(work.session, rotation, dealing)


async def _add_appointment(work: Work, room: str, official: str, day: date, clock: time) -> str:
    starts_at = datetime.combine(day, clock, OFFICE_TIME)
    row = AppointmentRow(
        id=new_id(),
        room_id=room,
        official_id=official,
        kind="visit",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        briefing_min=15,
        wrap_up_min=15,
        state=AppointmentState.REQUESTED,
        version=1,
        asked_by="service",
        asked_at=work.now,
    )
    if not await Appointments(work.session).add(row, work.now):
        raise AssertionError("the plan of the benchmark overlaps itself")
    return row.id


@dataclass(slots=True)
class Bench:
    """Sends requests one at a time and keeps their times."""

    office: OfficerClient
    log: AccessLog
    times: dict[str, Times] = field(default_factory=dict)

    async def measure(self, name: str, request: Callable[[], Awaitable[Reply]]) -> Reply:
        """Send one request and keep how long it took."""
        began, spent = perf_counter(), process_time()
        reply = await request()
        took, cpu = (perf_counter() - began) * 1000, (process_time() - spent) * 1000
        if reply.status != 200:
            raise AssertionError(f"{name}: {reply.status} {reply.text[:300]}")
        kept = self.times.setdefault(name, Times())
        kept.whole.append(took)
        kept.server.append(self.log.last_ms)
        kept.cpu.append(cpu)
        return reply


async def measure(rounds: int) -> str:
    """Run everything and return the report."""
    log = AccessLog()
    access = logging.getLogger("reception.access")
    access.setLevel(logging.INFO)
    access.addHandler(log)
    with tempfile.TemporaryDirectory() as folder:
        await upgrade(f"sqlite+aiosqlite:///{folder}/reception.db")
        async with a_house(Path(folder), FrozenClock(NOW)) as house:
            edge, appointments = house.county.edge, list[str]()
            filled = await edge.run(lambda work: fill(work, house.county.organ))
            for day in working_days(filled.first):
                # One transaction a day: the service's own work waits for none of them long.
                appointments += await edge.run(lambda work, day=day: fill_day(work, filled, day))  # type: ignore[misc]
            bench = Bench(await house.officer(Role.PETITION_OFFICE), log)
            await _rounds(bench, house, appointments, rounds)
    return report(bench.times, len(appointments))


async def _rounds(bench: Bench, house: House, appointments: Sequence[str], rounds: int) -> None:
    monday = NOW.astimezone(OFFICE_TIME).date() + timedelta(days=7)
    week, until = f"{monday:%G-W%V}", monday + timedelta(days=7 * WEEKS)
    for number in range(rounds):
        await bench.measure("/account", lambda: bench.office.get("/account"))
        await bench.measure("/schedule, one week", lambda: bench.office.get(f"/schedule?week={week}"))
        await bench.measure(
            "/api/v1/schedule, one week",
            lambda: bench.office.get(f"/api/v1/schedule?from={monday}&until={monday + timedelta(days=7)}"),
        )
        await bench.measure(
            "/api/v1/schedule, four weeks",
            lambda: bench.office.get(f"/api/v1/schedule?from={monday}&until={until}"),
        )
        await _move(bench, house, appointments[number * len(CLOCKS)])


async def _move(bench: Bench, house: House, appointment: str) -> None:
    """Move the first appointment of a room's morning a quarter of an hour ahead."""
    row = await house.county.edge.read(lambda work: Appointments(work.session).find(appointment))
    if row is None:
        raise AssertionError(appointment)
    body = {
        "starts_at": (row.starts_at - timedelta(minutes=15)).isoformat(),
        "version": row.version,
    }
    path = f"/api/v1/appointments/{appointment}/move"
    await bench.measure("move: drag to saved", lambda: bench.office.post(path, body))


def report(times: dict[str, Times], appointments: int) -> str:
    """Put the figures beside the bare page and beside the goals."""
    floor = statistics.median(times["/account"].cpu)
    rounds = len(times["/account"].whole)
    lines = [
        f"{ROOMS} rooms, {OFFICIALS} officials, {WEEKS} weeks, {appointments} appointments",
        f"{rounds} rounds; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        _HEAD,
        *(
            f"{name:<32} {_p50(one.server):>10.1f} {_p95(one.server):>6.1f} {_p50(one.whole):>10.1f}"
            f" {_p95(one.whole):>6.1f} {_p50(one.cpu):>8.1f} {_p50(one.cpu) / floor:>7.1f}"
            for name, one in times.items()
        ),
        "",
        _goal("page, server time", _p95(times["/schedule, one week"].server), PAGE_GOAL_MS),
        _goal("drag to saved, whole request", _p95(times["move: drag to saved"].whole), MOVE_GOAL_MS),
    ]
    return "\n".join(lines)


def _p50(times: Sequence[float]) -> float:
    return statistics.median(times)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def _goal(name: str, p95: float, goal: float) -> str:
    return f"{name}: p95 {p95:.1f} ms, goal {goal:.0f} ms: {'kept' if p95 <= goal else 'MISSED'}"


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)) + "\n")
