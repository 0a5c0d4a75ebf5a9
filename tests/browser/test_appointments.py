"""An appointment from the township's request to its end: agreed, reminded of, arrived, called, done."""

import contextlib
import sqlite3
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from reception.services.work import OFFICE_TIME
from tests.browser.conftest import SHOTS, SetStage
from tests.support.actors import Ledger
from tests.support.oracle import violations
from tests.support.program import Program

_CALL = """async ([method, path, body]) => {
  const { api } = await import("/static/js/lib/api.js");
  return api(method, path, body);
}"""


async def asks(staff: Ledger, path: str, body: object) -> Any:
    """Send what a form of the page would send."""
    return await staff.window.page.evaluate(_CALL, ["POST", f"/api/v1{path}", body])


def a_free_morning(program: Program) -> datetime:
    """Return a quarter of an hour on a working day of the third week from now, of which nothing is booked."""
    day = datetime.now(OFFICE_TIME).date() + timedelta(days=20)
    while day.weekday() >= 5 or is_holiday(program, day):
        day += timedelta(days=1)
    return datetime.combine(day, time(9, 30), OFFICE_TIME).astimezone(UTC)


def is_holiday(program: Program, day: date) -> bool:
    rows = program.query("SELECT kind FROM calendar_day WHERE day = ?", day.isoformat())
    return bool(rows) and rows[0]["kind"] == "holiday"


def the_day_comes(program: Program, appointment: str) -> None:
    """Let the appointment be today's, at this hour, whatever the clock on the wall shows."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with contextlib.closing(sqlite3.connect(program.database, timeout=10)) as database, database:
        database.execute(
            "UPDATE appointment SET starts_at = ?, ends_at = ?, held_on = ?, ticket = 'Y-900' WHERE id = ?",
            (
                now.isoformat(" ", "microseconds"),
                (now + timedelta(minutes=30)).isoformat(" ", "microseconds"),
                datetime.now(OFFICE_TIME).date().isoformat(),
                appointment,
            ),
        )


def state_of(program: Program, appointment: str) -> str:
    (row,) = program.query("SELECT state FROM appointment WHERE id = ?", appointment)
    return str(row["state"])


@pytest.mark.timeout(300)  # five windows, one after the other
async def test_an_appointment_is_asked_for_agreed_to_kept_and_done(stage_with: SetStage) -> None:
    async with stage_with(appointed_first_s=600) as stage:
        program = stage.program
        (room,) = program.query("SELECT id FROM place WHERE code = 'QH01'")
        (official,) = program.query("SELECT id FROM person WHERE username = 'duty2'")
        township, office = await stage.ledger("township1"), await stage.ledger("office1")

        # The township asks, the petition office accepts, and the official is going to be reminded.
        wish = {
            "room": room["id"],
            "official": official["id"],
            "starts_at": a_free_morning(program).isoformat().replace("+00:00", "Z"),
            "minutes": 30,
            "kind": "visit",
        }
        held = await asks(township, "/appointments", wish)
        path = f"/appointments/{held['id']}"
        assert (await asks(township, f"{path}/request", {}))["state"] == "requested"
        agreed = await asks(office, f"{path}/approve", {})
        assert agreed["ticket"].startswith("Y-")
        assert reminders(program, held["id"], official["id"]) > 0

        # On the day the terminal shows a number and no name; whoever comes presses 到达.
        the_day_comes(program, held["id"])
        terminal = await stage.terminal()
        first, appointed = await stage.desk("duty1"), await stage.desk("duty2")
        row = terminal.window.page.locator('[data-testid="expected-appointment"][data-ticket="Y-900"]')
        await expect(row).to_be_visible()
        await expect(terminal.by("expected-today")).not_to_contain_text("罗启程")
        await terminal.window.page.screenshot(path=SHOTS / "terminal-expected.png")
        await row.get_by_test_id("appointment-arrive").click()
        await terminal.by("ask-yes").click()
        await terminal.by("direct-county").click()
        assert state_of(program, held["id"]) == "arrived"
        await terminal.register(None)
        await terminal.declare(officer_left=True)
        await terminal.raise_to_county()

        # The appointed official's desk rings, and no other.
        visit = await appointed.accept()
        await expect(first.by("incoming-ring")).to_have_count(0)
        await appointed.is_connected()
        await terminal.is_connected()
        assert state_of(program, held["id"]) == "in_visit"
        (tied,) = program.query("SELECT appointment_id FROM visit WHERE id = ?", visit)
        assert tied["appointment_id"] == held["id"]

        # The outcome ends the visit and with it the appointment.
        assert await appointed.finish() == await terminal.receipt()
        assert state_of(program, held["id"]) == "done"
        rings = program.query("SELECT DISTINCT person_id FROM ring WHERE visit_id = ?", visit)
        assert [one["person_id"] for one in rings] == [official["id"]]
        assert violations(program.database) == []


def reminders(program: Program, appointment: str, person: str) -> int:
    """Count the messages that are to remind somebody of an appointment."""
    rows = program.query(
        "SELECT count(*) AS number FROM outbox_message WHERE about_id = ? AND recipient_id = ?",
        appointment,
        person,
    )
    return int(rows[0]["number"])
