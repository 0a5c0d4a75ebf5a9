"""One visit told whole, from the door of the township room to the record, in both languages."""

from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from tests.browser.conftest import SetStage
from tests.support.actors import Desk, Ledger, Matter, Outcome, Terminal, Visitor
from tests.support.chromium import REFUSED, Window
from tests.support.oracle import violations
from tests.support.scripted import scripted_terminal
from tests.support.stage import Stage


@dataclass(frozen=True, slots=True)
class Tongue:
    """What the actors say, and the words in which the program answers them."""

    lang: str
    visitor: Visitor
    matter: Matter
    township: str
    doubt: str
    from_desk: str
    from_terminal: str
    outcome: Outcome
    wrong_check_digit: str
    required: str


CHINESE = Tongue(
    lang="zh",
    visitor=Visitor(),
    matter=Matter(),
    township="镇里已经报给水利站，等排期。",
    doubt="等了一年，没有一个准日子。",
    from_desk="请把报修的日子告诉我。",
    from_terminal="三月、七月和九月各报了一次。",
    outcome=Outcome(),
    wrong_check_digit="身份证号码",
    required="请",
)
ENGLISH = Tongue(
    lang="en",
    visitor=Visitor(name="Lu Yantian"),
    matter=Matter(summary="The canal east of the village broke last autumn; nobody came to mend it."),
    township="Reported to the water station, waiting for a date.",
    doubt="A year has passed without any date.",
    from_desk="When did you report it?",
    from_terminal="In March, July and September.",
    outcome=Outcome(
        asked="The canal east of the village is broken; three reports brought nothing.",
        answer="Explained that the water station looks after it, and called the township.",
        next="The water station sends somebody; the officer calls the visitor back.",
    ),
    wrong_check_digit="ID number",
    required="Please",
)


async def speak(tongue: Tongue, *windows: Window) -> None:
    """Switch windows to the language of the story with the button that everybody has."""
    for window in windows:
        if tongue.lang == "en":
            await window.by("language").click()
            await expect(window.page.locator("html")).to_have_attribute("lang", "en")
        else:
            await expect(window.page.locator("html")).to_have_attribute("lang", "zh-CN")


@pytest.mark.parametrize("tongue", [CHINESE, ENGLISH], ids=["zh", "en"])
async def test_a_visit_is_received_and_recorded(stage_with: SetStage, tongue: Tongue) -> None:
    async with stage_with(countdown_s=2) as stage:
        # Given a terminal that the county has just enrolled and two officers on duty
        terminal = await stage.new_terminal()
        await terminal.window.open("/terminal")
        await speak(tongue, terminal.window)
        await terminal.enrol(await stage.program.enrolment_code("QH01"))
        first, second = await stage.desk("duty1"), await stage.desk("duty2")
        await speak(tongue, first.window, second.window)
        first.window.tolerate(REFUSED)
        reader = Reader(stage, tongue)

        # When somebody comes whom the township cannot satisfy
        await register_after_a_slip(terminal, tongue)
        await terminal.township_answers(tongue.township, tongue.doubt)
        await terminal.declare("visitor_only", "township_officer")
        await terminal.raise_to_county()
        await reader.finds_only_own_language(terminal.window)

        # Then both desks ring, and stop when one of them answers
        await second.hears_ring()
        await reader.finds_only_own_language(second.window)
        visit = await first.accept()
        await expect(second.by("incoming-ring")).to_have_count(0, timeout=1000)

        # And nothing leaves either side before the countdown is over
        await expect(terminal.by("countdown")).to_be_visible()
        assert (await terminal.window.media()).frames_sent == 0
        assert (await first.window.media()).frames_sent == 0
        await first.is_connected()
        await terminal.is_connected()

        # And they can also type to each other
        await first.type_in_chat(tongue.from_desk)
        await expect(terminal.window.page.locator(".chat-text", has_text=tongue.from_desk)).to_have_count(1)
        await terminal.type_in_chat(tongue.from_terminal)
        await expect(first.window.page.locator(".chat-text", has_text=tongue.from_terminal)).to_have_count(1)
        for window in (terminal.window, first.window):
            await reader.finds_only_own_language(window)

        # And the call cannot be left without an outcome
        await first.end_visit()
        await reader.finds_only_own_language(terminal.window)
        await no_way_out(stage, first, second, tongue)

        # And one receipt stands on both screens
        receipt = await first.save_outcome(tongue.outcome)
        assert receipt.startswith("JF")
        assert await terminal.receipt() == receipt
        for window in (terminal.window, first.window):
            await reader.finds_only_own_language(window)

        # And the record tells it all, with the visitor behind a seal
        await the_record_tells(stage, first, visit, receipt, tongue, reader)
        verified = await stage.program.command("audit", "verify")
        assert verified.returncode == 0, verified.stderr
        assert violations(stage.program.database) == []


async def register_after_a_slip(terminal: Terminal, tongue: Tongue) -> None:
    """Mistype the ID number's last digit first; the form says so and keeps the rest."""
    right = tongue.visitor.id_number
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    await terminal.start_visit()
    await terminal.fill_visitor(Visitor(tongue.visitor.name, wrong, tongue.visitor.phone))
    await terminal.by("registration-next").click()
    error = terminal.window.page.locator('[data-field="visitor.id_number"] .field-error')
    await expect(error).to_contain_text(tongue.wrong_check_digit)
    await expect(terminal.by("visitor-name")).to_have_value(tongue.visitor.name)
    await expect(terminal.by("visitor-phone")).to_have_value(tongue.visitor.phone)
    await terminal.by("visitor-id").fill(right)
    await terminal.by("registration-next").click()
    await terminal.register_matters(tongue.matter)


async def no_way_out(stage: Stage, first: Desk, second: Desk, tongue: Tongue) -> None:
    """An officer who owes an outcome gets no next visit, no leave, and no empty form through."""
    await expect(first.by("go-off-duty")).to_be_hidden()
    refused = await first.window.page.evaluate(
        """async () => {
          const token = document.querySelector('meta[name="csrf"]').content;
          const headers = {
            "Content-Type": "application/json",
            "X-CSRF-Token": token,
            "Idempotency-Key": crypto.randomUUID(),
          };
          const answer = await fetch("/api/v1/duty/off", {method: "POST", headers, body: "{}"});
          return [answer.status, (await answer.json()).error.code];
        }"""
    )
    assert refused == [409, "outcomes_pending"]
    code = await stage.program.enrolment_code("QH02")
    async with scripted_terminal(stage.program.origin, code) as other:
        await other.come_direct()
        await second.hears_ring()
        await expect(first.by("incoming-ring")).to_have_count(0)
        await other.call(f"/visits/{other.visit}/cancel", {})
        await expect(second.by("incoming-ring")).to_have_count(0)
    await first.by("outcome-submit").click()
    for name in ("code", "asked", "answer", "next"):
        error = first.window.page.locator(f'[data-testid="outcome-form"] [data-field="{name}"] .field-error')
        await expect(error).to_contain_text(tongue.required)


async def the_record_tells(
    stage: Stage, desk: Desk, visit: str, receipt: str, tongue: Tongue, reader: "Reader"
) -> None:
    """Open the case from the ledger, read it, then look behind the seal."""
    (row,) = stage.program.query(
        "SELECT number FROM case_file JOIN visit ON visit.case_id = case_file.id WHERE visit.id = ?", visit
    )
    ledger = Ledger(desk.window)
    await ledger.open_case(row["number"])
    told = await desk.window.page.locator("main").inner_text()
    for text in (
        receipt,
        tongue.matter.summary,
        tongue.township,
        tongue.doubt,
        tongue.from_desk,
        tongue.from_terminal,
        tongue.outcome.asked,
        tongue.outcome.answer,
        tongue.outcome.next,
    ):
        assert text in told
    for secret in (tongue.visitor.name, tongue.visitor.id_number, tongue.visitor.phone):
        assert secret not in told
    for kind in ("raised", "rung", "answered", "joined", "live", "media_up", "call_ended"):
        line = desk.window.page.locator(f'[data-testid="timeline"] [data-kind="{kind}"]')
        await expect(line.first).to_be_visible()
    await reader.finds_only_own_language(desk.window)

    await ledger.unseal("call_back", tongue.doubt)

    unsealed = desk.window.page.locator("[data-people]")
    for secret in (tongue.visitor.name, tongue.visitor.id_number, tongue.visitor.phone):
        await expect(unsealed).to_contain_text(secret)


class Reader:
    """Somebody who reads only one language, and no codes."""

    def __init__(self, stage: Stage, tongue: Tongue) -> None:
        self._is_english = tongue.lang == "en"
        names = " UNION ".join(
            f"SELECT {column} AS name FROM {table}"  # noqa: S608 - constants
            for table, column in (("person", "name"), ("person", "post"), ("unit", "name"), ("place", "name"))
        )
        # The longest first: the name of a place holds the name of its unit.
        self._names = sorted((row["name"] for row in stage.program.query(names)), key=len, reverse=True)

    async def finds_only_own_language(self, window: Window) -> None:
        """Read everything visible; names are names in every language."""
        text = await window.page.locator("body").inner_text()
        codes = [word for word in text.split() if _looks_like_code(word)]
        assert codes == [], f"{window.name} shows codes"
        if not self._is_english:
            return
        for name in (*self._names, "中文"):
            text = text.replace(name, "")
        chinese = [line for line in text.splitlines() if any("一" <= sign <= "鿿" for sign in line)]
        assert chinese == [], f"{window.name} shows Chinese"


def _looks_like_code(word: str) -> bool:
    parts = word.split(".")
    return len(parts) > 1 and all(part.isidentifier() and part.islower() and part.isascii() for part in parts)
