"""A running program with actors before it: what every story in the browser begins with."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.actors import Admin, Desk, Ledger, Liaison, Phone, Terminal
from tests.support.chromium import HALL, LAPTOP, Chromium
from tests.support.program import Program, running_program

ROOM = "QH01"
PHONE = (360, 740)


@dataclass(frozen=True, slots=True)
class Stage:
    """Brings actors on, each in a window of their own."""

    chromium: Chromium
    program: Program

    async def terminal(self, room: str = ROOM, *, size: tuple[int, int] = HALL) -> Terminal:
        """An enrolled terminal, idle."""
        terminal = await self.new_terminal(size=size)
        await terminal.enrol(await self.program.enrolment_code(room))
        return terminal

    async def new_terminal(self, *, size: tuple[int, int] = HALL) -> Terminal:
        """A browser that is no terminal yet."""
        return Terminal(await self.chromium.window(self.program.origin, "terminal", kiosk=True, size=size))

    async def desk(self, user: str = "duty1", *, size: tuple[int, int] = LAPTOP) -> Desk:
        """An officer on duty."""
        desk = await self.new_desk(user, size=size)
        await desk.go_on_duty()
        return desk

    async def new_desk(self, user: str = "duty1", *, size: tuple[int, int] = LAPTOP) -> Desk:
        """An officer at the desk, not on duty yet."""
        desk = Desk(await self.chromium.window(self.program.origin, user, size=size))
        await desk.sign_in(user, "/desk")
        return desk

    async def phone(self, name: str = "guest", *, size: tuple[int, int] = PHONE) -> Phone:
        """A telephone that somebody without an account holds."""
        return Phone(await self.chromium.window(self.program.origin, name, size=size))

    async def liaison(self, user: str, *, size: tuple[int, int] = LAPTOP) -> Liaison:
        """A department's liaison on duty."""
        liaison = Liaison(await self.chromium.window(self.program.origin, user, size=size))
        await liaison.sign_in(user, "/liaison")
        await liaison.go_on_duty()
        return liaison

    async def ledger(self, user: str = "duty1") -> Ledger:
        """Somebody signed in at the ledger."""
        ledger = Ledger(await self.chromium.window(self.program.origin, f"{user}-ledger"))
        await ledger.sign_in(user, "/cases")
        return ledger

    async def admin(self, user: str = "sysadmin") -> Admin:
        """An administrator, signed in."""
        admin = Admin(await self.chromium.window(self.program.origin, user))
        await admin.sign_in(user, "/admin")
        return admin


@contextlib.asynccontextmanager
async def set_stage(
    chromium: Chromium, county: Path, settings: Mapping[str, str], *, failed: Path
) -> AsyncIterator[Stage]:
    """Run a program for one story; at its end every window is closed, and none may have complained.

    Args:
        failed: where pictures and the program's log go when the story fails.
    """
    async with running_program(county, settings) as program:
        try:
            yield Stage(chromium, program)
        except BaseException:
            await chromium.take_pictures(failed)
            (failed / "program.log").write_text(program.log)
            await chromium.close_windows()
            raise
        # While the program still runs: a page that loses its server complains with reason.
        complaints = await chromium.close_windows()
        assert not complaints, "\n".join(complaints)
