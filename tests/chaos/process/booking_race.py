"""Many processes book, move and cancel at once in a small county: is anything booked twice?

`python -m tests.chaos.process.booking_race --attempts 100000 --database postgresql`

No process asks another one, no lock is taken: every attempt is a transaction of its own, and the
primary key of the claims is all that decides.  `--variant asks_first` takes that key away and looks
before it leaps, as most calendars do; the oracle has to convict it.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import msgspec
from sqlalchemy import insert, make_url, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from reception.store.engine import Sessions, is_worth_repeating, make_engine
from reception.store.faults import is_unavailable
from reception.store.migrations import upgrade
from scheduling.domain.appointments import CLAIMS, AppointmentState
from scheduling.domain.slots import QUARTER, Claim, Edges, Part, Plan
from scheduling.store.appointment_tables import AppointmentRow, ClaimRow
from scheduling.store.appointments import Appointments, plan_of
from tests.chaos.disk.postgres import postgres_for_faults
from tests.chaos.oracle.bookings import Deed, Quarter, Result, violations
from tests.chaos.report import end_in_order, say, verdict

NOW = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
QUARTERS = 36  # from 08:30 to 17:30
ROOMS, OFFICIALS, LIAISONS, CASES = 4, 6, 3, 8
LAPSED = NOW - timedelta(seconds=1)
AHEAD = NOW + timedelta(days=1)
VARIANTS = ("shipped", "asks_first")
KEPT = 40  # appointments that a client has at most; then it cancels


@dataclass(slots=True)
class Report:
    """What a run gave."""

    database: str
    variant: str
    processes: int
    results: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def attempts(self) -> int:
        return self.results.total()

    def __str__(self) -> str:
        each = ", ".join(f"{count} {result}" for result, count in sorted(self.results.items()))
        return (
            f"{self.database}, {self.variant}: {self.attempts} attempts by {self.processes} processes in"
            f" {self.took_s:.0f} s ({self.attempts / max(self.took_s, 0.001):.0f}/s): {each}:"
            f" {len(self.violations)} violations"
        )


class AsksFirst(Appointments):
    """The planted fault: whether a time is free was found out before, and nothing refuses it now."""

    async def _insert(self, appointment: str, claims: Mapping[Claim, Part]) -> bool:
        rows = [
            {"resource": claim.resource, "at": claim.at, "appointment_id": appointment, "part": part}
            for claim, part in claims.items()
        ]
        await self._session.execute(insert(ClaimRow).values(rows))
        return True


Step = Callable[[Appointments], Awaitable[bool]]


@dataclass(slots=True)
class Client:
    """One process: attempt after attempt, each noted with when it was asked and answered."""

    sessions: Sessions
    number: int
    chance: random.Random
    variant: str
    own: list[str] = field(default_factory=list)
    history: list[Deed] = field(default_factory=list)

    async def run_and_close(self, attempts: int) -> None:
        try:
            await self._run(attempts)
        finally:
            await self.sessions.aclose()

    async def _run(self, attempts: int) -> None:
        for count in range(attempts):
            roll = self.chance.random()
            if self.own and (len(self.own) > KEPT or roll < 0.15):
                await self._cancel(self.own.pop(self.chance.randrange(len(self.own))))
            elif self.own and roll < 0.3:
                await self._move(self.chance.choice(self.own))
            else:
                await self._book(f"c{self.number}-{count}")

    def _a_plan(self) -> Plan:
        """Plan anything of the small county; most of it is wanted by somebody else, too."""
        pick = self.chance.randrange
        return Plan(
            room=f"room{pick(ROOMS)}",
            official=f"official{pick(OFFICIALS)}",
            liaison=f"liaison{pick(LIAISONS)}" if pick(2) else None,
            case=f"case{pick(CASES)}" if pick(2) else None,
            starts_at=MORNING + pick(QUARTERS) * QUARTER,
            length=(1 + pick(3)) * QUARTER,
            edges=Edges(pick(2) * QUARTER, pick(2) * QUARTER),
        )

    async def _book(self, appointment: str) -> None:
        plan, is_lapsed = self._a_plan(), self.chance.random() < 0.1
        asked = time.monotonic_ns()

        async def book(appointments: Appointments) -> bool:
            row = a_row(appointment, plan, LAPSED if is_lapsed else AHEAD)
            return await appointments.add(row, NOW)

        result = await self._attempt(plan, appointment, book)
        self._note("book", appointment, plan, asked, result, lapsed=is_lapsed)
        if result == "ok" and not is_lapsed:
            self.own.append(appointment)

    async def _move(self, appointment: str) -> None:
        asked, plan = time.monotonic_ns(), self._a_plan()

        async def move(appointments: Appointments) -> bool:
            if not await appointments.claim(appointment, plan, NOW):
                return False
            changes = columns(plan)
            state = AppointmentState.HELD
            return await appointments.move(appointment, from_state=state, to=state, changes=changes)

        result = await self._attempt(plan, appointment, move)
        self._note("move", appointment, plan, asked, result)

    async def _cancel(self, appointment: str) -> None:
        asked = time.monotonic_ns()

        async def cancel(appointments: Appointments) -> bool:
            changes: dict[str, object] = {"reason": "citizen_asked"}
            to = AppointmentState.CANCELLED
            await appointments.move(appointment, from_state=AppointmentState.HELD, to=to, changes=changes)
            await appointments.release(appointment)
            return True

        result = await self._attempt(None, appointment, cancel)
        self._note("cancel", appointment, None, asked, result)
        if result != "ok":
            self.own.append(appointment)

    async def _attempt(self, plan: Plan | None, appointment: str, deed: Step) -> Result:
        """Do it in a transaction of its own; what a database gives up on is tried again."""
        if (
            self.variant == "asks_first"
            and plan is not None
            and not await self._looks_free(plan, appointment)
        ):
            return "taken"
        kind = AsksFirst if self.variant == "asks_first" else Appointments
        while True:
            try:
                async with self.sessions.write() as session, session.begin() as transaction:
                    if await deed(kind(session)):
                        return "ok"
                    await transaction.rollback()
                    return "taken"
            except DBAPIError as error:
                if is_worth_repeating(error):
                    continue
                if isinstance(error, OperationalError) and is_unavailable(error):
                    return "busy"
                raise

    async def _looks_free(self, plan: Plan, appointment: str) -> bool:
        async with self.sessions.read() as session:
            query = select(ClaimRow.resource, ClaimRow.at).where(
                ClaimRow.resource.in_(plan.resources), ClaimRow.appointment_id != appointment
            )
            taken = {Claim(resource, at) for resource, at in await session.execute(query)}
        return taken.isdisjoint(plan.claims())

    def _note(
        self,
        op: str,
        appointment: str,
        plan: Plan | None,
        asked: int,
        result: Result,
        *,
        lapsed: bool = False,
    ) -> None:
        wants = tuple(quarters(plan)) if plan else ()
        told = time.monotonic_ns()
        self.history.append(Deed(op, appointment, wants, asked, told, result, lapsed))  # type: ignore[arg-type]


def a_row(appointment: str, plan: Plan, hold_until: datetime) -> AppointmentRow:
    """Make the row of a held appointment."""
    return AppointmentRow(
        id=appointment,
        kind="visit",
        state=AppointmentState.HELD,
        version=1,
        hold_until=hold_until,
        asked_by="p-client",
        asked_at=NOW,
        **columns(plan),
    )


def columns(plan: Plan) -> dict[str, object]:
    """Return what a plan is in the columns of its row."""
    return {
        "room_id": plan.room,
        "official_id": plan.official,
        "liaison_id": plan.liaison,
        "case_id": plan.case,
        "starts_at": plan.starts_at,
        "ends_at": plan.meeting.end,
        "briefing_min": plan.edges.briefing // timedelta(minutes=1),
        "wrap_up_min": plan.edges.wrap_up // timedelta(minutes=1),
    }


def quarters(plan: Plan) -> Iterator[Quarter]:
    """Yield what a plan takes, reckoned anew: nothing of `Plan.claims` is believed here."""
    meeting = (plan.starts_at, plan.starts_at + plan.length)
    whole = (meeting[0] - plan.edges.briefing, meeting[1] + plan.edges.wrap_up)
    takes = [(f"room:{plan.room}", meeting)]
    takes += [(f"case:{plan.case}", meeting)] if plan.case else []
    takes += [(f"person:{person}", whole) for person in {plan.official, plan.liaison} - {None}]
    for resource, (start, end) in takes:
        for step in range((end - start) // QUARTER):
            yield resource, (start + step * QUARTER).isoformat()


def race(url: str, *, attempts: int, processes: int, seed: int, variant: str = "shipped") -> Report:
    """Let processes book against one database that is at head and empty, and ask the oracle.

    Args:
        attempts: of all processes together.
        variant: `shipped`, or the planted fault.
    """
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(processes + 1)
    report = Report(make_url(url).get_backend_name(), variant, processes)
    if variant == "asks_first":
        asyncio.run(_drop_the_key(url))
    with tempfile.TemporaryDirectory(prefix="booking-race-") as folder:
        paths = [Path(folder) / f"{number}.json" for number in range(processes)]
        clients = [
            context.Process(
                target=client_process, args=(url, number, attempts // processes, seed, variant, start, path)
            )
            for number, path in enumerate(paths)
        ]
        for client in clients:
            client.start()
        try:
            start.wait(timeout=60)
            began = time.monotonic()
            for client in clients:
                client.join()
        finally:
            for client in clients:
                client.kill()
                client.join()
        report.took_s = time.monotonic() - began
        if any(client.exitcode for client in clients):
            report.violations.append("a client broke down")
        history = [
            deed
            for path in paths
            if path.exists()
            for deed in msgspec.json.decode(path.read_bytes(), type=list[Deed])
        ]
    report.results = Counter(deed.result for deed in history)
    report.violations += asyncio.run(_judged(url, history))
    return report


def client_process(
    url: str, number: int, attempts: int, seed: int, variant: str, start: Barrier, path: Path
) -> None:
    """Be one client: wait for the others, make the attempts, leave the history."""
    client = Client(Sessions.open(url), number, random.Random(f"{seed}/{number}"), variant)
    start.wait(timeout=60)
    asyncio.run(client.run_and_close(attempts))
    path.write_bytes(msgspec.json.encode(client.history))


async def _drop_the_key(url: str) -> None:
    engine = make_engine(url)
    is_sqlite = engine.dialect.name == "sqlite"
    statements = (
        (
            "CREATE TABLE unkeyed AS SELECT * FROM claim",
            "DROP TABLE claim",
            "ALTER TABLE unkeyed RENAME TO claim",
        )
        if is_sqlite
        else ("ALTER TABLE claim DROP CONSTRAINT pk_claim",)
    )
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def _judged(url: str, history: list[Deed]) -> list[str]:
    sessions = Sessions.open(url)
    async with sessions.read() as session:
        rows = list(await session.scalars(select(AppointmentRow).where(AppointmentRow.state.in_(CLAIMS))))
        found = await session.execute(select(ClaimRow.appointment_id, ClaimRow.resource, ClaimRow.at))
        claims = [(appointment, (resource, at.isoformat())) for appointment, resource, at in found]
    await sessions.aclose()
    standing = [row for row in rows if row.hold_until is None or row.hold_until > NOW]
    run_out = [row for row in rows if row not in standing]
    return violations(
        history,
        {row.id: frozenset(quarters(plan_of(row))) for row in standing},
        {row.id: frozenset(quarters(plan_of(row))) for row in run_out},
        claims,
    )


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """Make an empty database at head and yield its URL."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="booking-race-") as folder:
            url = f"sqlite+aiosqlite:///{folder}/reception.db"
            asyncio.run(upgrade(url))
            yield url
        return
    with postgres_for_faults() as server:
        url = make_url(server.url).set(drivername="postgresql+asyncpg").render_as_string(False)
        asyncio.run(upgrade(url))
        yield url


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--variant", choices=VARIANTS, default="shipped")
    asked = parser.parse_args()
    end_in_order()
    with database(asked.database) as url:
        report = race(
            url,
            attempts=asked.attempts,
            processes=asked.processes,
            seed=asked.seed,
            variant=asked.variant,
        )
    say(str(report))
    return verdict(report.violations)


if __name__ == "__main__":
    sys.exit(main())
