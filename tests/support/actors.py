"""Who acts in a story, and how: a navigator per screen, a step for everything that a person does there.

Navigators know test ids and wait for what a person would wait for; what a story proves stands in the story.
"""

import asyncio
import time
from dataclasses import dataclass, field

from playwright.async_api import Locator, expect

from tests.support.chromium import Media, Window
from tests.support.program import PASSWORD

CALL_S = 20.0  # from accepting to a picture: a countdown, and a machine that does three things at once


def id_number(birthday: str = "19560302", sequence: int = 1) -> str:
    """Return an ID number of no region, with a valid check digit (GB 11643)."""
    body = f"999999{birthday}{sequence:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A fictional citizen."""

    name: str = "卢砚田"
    id_number: str = field(default_factory=id_number)
    phone: str = "13800000417"


@dataclass(frozen=True, slots=True)
class Matter:
    """What a visit is about."""

    kind: str = "grievance"
    summary: str = "村东水渠去年秋天塌了一段，报了三次没有人来修。"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an officer writes at the end."""

    code: str = "answered_on_spot"
    asked: str = "来访人反映村东水渠塌方，三次报修没有结果。"
    answer: str = "已当面说明水渠归镇水利站维护，并联系镇里。"
    next: str = "镇水利站派人查看，接访员回访来访人。"
    due_on: str = ""


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """What the host passes on: the link by one way, the code by another."""

    path: str
    code: str


async def seen_and_heard(window: Window, *, slots: set[int] | None = None, within_s: float = CALL_S) -> Media:
    """Wait until new frames are decoded and audio energy rises in each slot; return the later counters."""
    wanted = slots or {0}
    before = await window.media()
    deadline = time.monotonic() + within_s
    while True:
        now = await window.media()
        if all(_rises(before, now, slot) for slot in wanted):
            return now
        if time.monotonic() > deadline:
            raise AssertionError(f"{window.name} does not see and hear slots {wanted}: {now}")
        await asyncio.sleep(0.1)


def _rises(before: Media, now: Media, number: int) -> bool:
    slot = now.slots.get(number)
    if slot is None:
        return False
    old = before.slots.get(number) if before.built == now.built else None
    frames, energy = (old.frames, old.energy) if old else (0, 0.0)
    return slot.frames >= frames + 5 and slot.energy > energy


@dataclass(slots=True)
class Terminal:
    """The screen in the township's room, and who stands before it."""

    window: Window

    def by(self, testid: str) -> Locator:
        """Find by `data-testid`."""
        return self.window.by(testid)

    async def enrol(self, code: str) -> None:
        """Type the one-time code, compare the fingerprint, begin."""
        await self.window.open("/terminal")
        await self.by("enrol-code").fill(code)
        await self.by("enrol-submit").click()
        await self.by("enrol-continue").click()
        await self.is_idle()

    async def is_idle(self) -> None:
        """Wait for the first screen, with the line to the county up."""
        await expect(self.by("terminal-idle")).to_be_visible()
        await expect(self.by("link-state")).to_have_attribute("data-state", "open")

    async def start_visit(self, *, direct: bool = False) -> None:
        """Press 开始接访 and choose who is to receive."""
        await self.by("start-visit").click()
        await self.by("direct-county" if direct else "township-first").click()

    async def fill_visitor(self, visitor: Visitor) -> None:
        """Write who came."""
        await self.by("visitor-name").fill(visitor.name)
        await self.by("visitor-id").fill(visitor.id_number)
        await self.by("visitor-phone").fill(visitor.phone)

    async def register(self, visitor: Visitor | None, *matters: Matter) -> None:
        """Fill both registration screens; without a visitor it is an anonymous visit."""
        if visitor is None:
            await self.by("visitor-anonymous").check()
        else:
            await self.fill_visitor(visitor)
        await self.by("registration-next").click()
        await self.register_matters(*matters)

    async def register_matters(self, *matters: Matter) -> None:
        """Fill the second registration screen."""
        listed = matters or (Matter(),)
        for matter in listed:
            await self.by("matter-kind").select_option(matter.kind)
            await self.by("matter-summary").fill(matter.summary)
            if matter is not listed[-1]:
                await self.by("matter-add").click()
        await self.by("registration-submit").click()

    async def township_answers(self, answer: str, doubt: str) -> None:
        """Write what the township said and what the visitor doubts."""
        await self.by("township-answer").fill(answer)
        await self.by("answered-by").select_option(index=1)
        await self.by("visitor-doubt").fill(doubt)
        await self.by("doubt-continue").click()

    async def declare(self, *present: str, officer_left: bool = False) -> None:
        """Tick who is in the room."""
        for code in present or ("visitor_only",):
            await self.by(f"declaration-{code}").check()
        if officer_left:
            await self.by("officer-left").check()
        await self.by("declaration-confirm").check()

    async def raise_to_county(self) -> None:
        """Press 请县里视频接访 and see the queue number."""
        await self.by("raise-to-county").click()
        await expect(self.by("ticket-number")).not_to_be_empty()

    async def come_direct(self, *matters: Matter) -> None:
        """Come anonymously, straight to the county: the shortest way into the queue."""
        await self.start_visit(direct=True)
        await self.register(None, *matters)
        await self.declare(officer_left=True)
        await self.raise_to_county()

    async def is_connected(self) -> Media:
        """Wait until picture and sound of the county arrive."""
        await expect(self.by("call-state")).to_have_attribute(
            "data-state", "connected", timeout=CALL_S * 1000
        )
        return await seen_and_heard(self.window)

    async def type_in_chat(self, text: str) -> None:
        """Open the typed talk and send a line."""
        if not await self.by("chat-input").is_visible():
            await self.by("chat-open").click()
        await self.by("chat-input").fill(text)
        await self.by("chat-send").click()

    async def receipt(self) -> str:
        """Wait for the receipt and read its number."""
        await expect(self.by("receipt-number")).not_to_be_empty()
        return (await self.by("receipt-number").inner_text()).strip()


@dataclass(slots=True)
class Staff:
    """Anybody who signs in."""

    window: Window

    def by(self, testid: str) -> Locator:
        """Find by `data-testid`."""
        return self.window.by(testid)

    async def sign_in(self, user: str, path: str) -> None:
        """Sign in on the way to a page."""
        await self.window.open(path)
        await self.by("login-user").fill(user)
        await self.by("login-password").fill(PASSWORD)
        await self.by("login-submit").click()
        await expect(self.by("whoami")).to_be_visible()
        if not self.window.page.url.startswith(f"{self.window.origin}{path}"):
            await self.window.open(path)


@dataclass(slots=True)
class Desk(Staff):
    """A county duty officer."""

    async def report_for_duty(self, user: str) -> None:
        """Sign in and go on duty: look at oneself, hear the test ring, say so."""
        await self.sign_in(user, "/desk")
        await self.go_on_duty()

    async def go_on_duty(self) -> None:
        """上岗."""
        await self.by("go-on-duty").click()
        await self.by("test-ring-heard").click()
        await self.is_("ready")

    async def is_(self, state: str) -> None:
        """Wait for a duty state."""
        await expect(self.by("duty-state")).to_have_attribute("data-state", state)

    async def hears_ring(self) -> str:
        """Wait for a ringing visit; return its id."""
        ring = self.by("incoming-ring").first
        await expect(ring).to_be_visible()
        return await ring.get_attribute("data-visit") or ""

    async def accept(self) -> str:
        """Answer the first ring; return the visit."""
        visit = await self.hears_ring()
        await self.by("accept-call").first.click()
        return visit

    async def is_connected(self, *, slots: set[int] | None = None) -> Media:
        """Wait until picture and sound of the others arrive."""
        await expect(self.by("call-state")).to_have_attribute(
            "data-state", "connected", timeout=CALL_S * 1000
        )
        return await seen_and_heard(self.window, slots=slots)

    async def invites_somebody(self) -> None:
        """Ask the first colleague on the list into the call."""
        await self.by("invite-open").click()
        await self.by("invite-person").first.click()
        await self.by("invite-send").click()

    async def type_in_chat(self, text: str) -> None:
        """Open the typed talk and send a line."""
        await self.by("chat-open").click()
        await self.by("chat-input").fill(text)
        await self.by("chat-send").click()

    async def invites(self, role: str) -> None:
        """Open the dialog and choose whom to ask."""
        await self.by("invite-open").click()
        await self.window.page.locator(f'[data-testid="invite-role"][data-role="{role}"]').click()

    async def makes_link(self, role: str, title: str) -> OneTimeLink:
        """Make a one-time link and read what is to be passed on."""
        await self.invites("guest")
        await self.by("guest-role").select_option(role)
        await self.by("guest-title").fill(title)
        await self.by("invite-link").click()
        await expect(self.by("guest-code")).to_be_visible()
        address = await self.by("guest-address").input_value()
        code = (await self.by("guest-code").inner_text()).replace(" ", "")
        return OneTimeLink("/join" + address.partition("/join")[2], code)

    async def end_visit(self) -> None:
        """Press 结束接访并登记结果 and see the form."""
        await self.by("end-visit").click()
        await expect(self.by("outcome-submit")).to_be_visible()

    async def fill_outcome(self, outcome: Outcome) -> None:
        """Fill the outcome form."""
        await self.by("outcome-code").select_option(outcome.code)
        await self.by("outcome-asked").fill(outcome.asked)
        await self.by("outcome-answer").fill(outcome.answer)
        await self.by("outcome-next").fill(outcome.next)
        if outcome.due_on:
            await self.by("outcome-due").fill(outcome.due_on)

    async def save_outcome(self, outcome: Outcome | None = None) -> str:
        """Fill and send the outcome form; return the receipt."""
        await self.fill_outcome(outcome or Outcome())
        await self.by("outcome-submit").click()
        saved = self.by("outcome-saved")
        await expect(saved).to_be_visible()
        return await saved.get_attribute("data-receipt") or ""

    async def finish(self, outcome: Outcome | None = None) -> str:
        """End the call and log its outcome; return the receipt."""
        await self.end_visit()
        return await self.save_outcome(outcome)


@dataclass(slots=True)
class Phone:
    """Somebody without an account, on a telephone."""

    window: Window

    def by(self, testid: str) -> Locator:
        """Find by `data-testid`."""
        return self.window.by(testid)

    async def is_(self, state: str) -> None:
        """Wait for a step of the page."""
        await expect(self.by("lobby-state")).to_have_attribute("data-state", state, timeout=CALL_S * 1000)

    async def opens(self, link: OneTimeLink) -> None:
        """Tap the link, then the button that really opens it."""
        await self.window.open(link.path)
        await self.is_("open")
        await self.by("join-open").click()

    async def types_code(self, code: str) -> None:
        """Type the digits that were told by voice."""
        await self.by("join-code").fill(code)
        await self.by("join-code-submit").click()

    async def comes(self, link: OneTimeLink, name: str = "陈晓语") -> None:
        """Open the link, show the code, say a name, wait in the lobby."""
        await self.opens(link)
        await self.is_("code")
        await self.types_code(link.code)
        await self.is_("name")
        await self.by("join-name").fill(name)
        await self.by("join-submit").click()
        await self.is_("lobby")

    async def is_connected(self, *, slots: set[int] | None = None) -> Media:
        """Wait until picture and sound of the others arrive."""
        await expect(self.by("call-state")).to_have_attribute(
            "data-state", "connected", timeout=CALL_S * 1000
        )
        return await seen_and_heard(self.window, slots=slots)


@dataclass(slots=True)
class Liaison(Staff):
    """A department's liaison."""

    async def go_on_duty(self) -> None:
        """上岗."""
        await self.by("go-on-duty").click()
        await self.by("test-ring-heard").click()
        await expect(self.by("duty-state")).to_have_attribute("data-state", "ready")

    async def is_rung(self) -> None:
        """Wait for an invitation."""
        await expect(self.by("liaison-ring")).to_be_visible(timeout=CALL_S * 1000)

    async def is_not_rung(self) -> None:
        """See that nobody asks."""
        await expect(self.by("liaison-ring")).to_have_count(0)

    async def is_connected(self, *, slots: set[int] | None = None) -> Media:
        """Wait until picture and sound of the others arrive."""
        await expect(self.by("call-state")).to_have_attribute(
            "data-state", "connected", timeout=CALL_S * 1000
        )
        return await seen_and_heard(self.window, slots=slots)


@dataclass(slots=True)
class Ledger(Staff):
    """Somebody who reads the record."""

    async def open_case(self, number: str) -> None:
        """Open the page of a case."""
        await self.window.open(f"/cases/{number}")
        await expect(self.by("case-number")).to_have_text(number)

    async def unseal(self, reason: str, note: str = "") -> None:
        """Look behind the seal, saying why."""
        await self.by("unseal-open").click()
        await self.by("unseal-reason").select_option(reason)
        await self.by("unseal-note").fill(note)
        await self.by("unseal-submit").click()
        await expect(self.by("unseal-countdown")).to_be_visible()


@dataclass(slots=True)
class Admin(Staff):
    """A system administrator."""

    async def revoke_device(self, room: str) -> None:
        """Revoke the one device of a room."""
        place = self.window.page.locator(f'[data-testid="place"][data-place="{room}"]')
        revoke = place.get_by_test_id("device-revoke")
        device = await revoke.get_attribute("data-device")
        await revoke.click()
        await self.by("confirm-yes").click()
        await expect(
            place.locator(f'[data-testid="device-revoked"][data-device="{device}"]')
        ).to_be_attached()

    async def stop_call(self, visit: str) -> None:
        """Stop a call that nobody else can end."""
        await self.window.open("/admin")
        await self.window.page.locator(f'[data-testid="call-stop"][data-visit="{visit}"]').click()
        await self.by("confirm-yes").click()
        await expect(
            self.window.page.locator(f'[data-testid="call-row"][data-visit="{visit}"]')
        ).to_have_count(0)
