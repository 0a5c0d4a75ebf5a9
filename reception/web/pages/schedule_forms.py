"""The schedule's plain forms: everything that can be dragged can be written, with or without a script."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import parse_qsl

from aiohttp import web

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, Refusal
from reception.domain.ids import PersonId
from reception.keys import EDGE, SETTINGS
from reception.services import appointments, arrivals, reallocation, room_blocks
from reception.services.appointments import Shift, Wish
from reception.services.board_choices import show_appointment
from reception.services.work import OFFICE_TIME, Work
from reception.web.api.appointments import rules_of
from reception.web.errors import status_of
from reception.web.pages.schedule import Address, Instead, PanelData, moved_values, page
from reception.web.principals import officer
from scheduling.domain.booking import SlotTaken
from scheduling.domain.slots import Plan, Span
from scheduling.errors import SchedulingRefusal

Deed = Callable[[Work], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent, and from which place of the schedule."""

    fields: Mapping[str, str]
    address: Address

    @classmethod
    async def of(cls, request: web.Request) -> "Form":
        """Read a form; a field that is missing is empty."""
        sent = {name: str(value)[:500] for name, value in (await request.post()).items()}
        today = request.app[EDGE].clock().astimezone(OFFICE_TIME).date()
        return cls(sent, Address.of(dict(parse_qsl(sent.get("at", ""))), today))

    def text(self, name: str) -> str:
        """Return a field without what surrounds it."""
        return self.fields.get(name, "").strip()

    def chosen(self, name: str) -> str | None:
        """Return a field that may be left empty."""
        return self.text(name) or None

    def moment(self, name: str) -> datetime:
        """Return a moment typed in office time.

        Raises:
            BadInput: it is none.
        """
        try:
            return datetime.fromisoformat(self.text(name)).replace(tzinfo=OFFICE_TIME)
        except ValueError:
            raise BadInput({name: "required"}) from None

    def day(self, name: str) -> date:
        """Return a date, or raise BadInput."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise BadInput({name: "required"}) from None

    def number(self, name: str, usual: int) -> int:
        """Return a whole number; what is none counts as usual."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else usual


async def book(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/appointments`: hold a time; the request follows within minutes."""
    actor, form = officer(request), await Form.of(request)
    rules = rules_of(request.app[SETTINGS])

    async def use_case(work: Work) -> object:
        wish = Wish(
            room=form.text("room"),
            official=PersonId(form.text("official")),
            liaison=_person(form.chosen("liaison")),
            starts_at=form.moment("starts"),
            minutes=form.number("minutes", 60),
            case=form.chosen("case"),
            kind=form.text("kind") or "visit",
            note=form.text("note"),
        )
        return (await appointments.hold(work, actor, wish, rules)).id

    try:
        held = await request.app[EDGE].run(use_case)
    except (Refusal, SchedulingRefusal) as refusal:
        return await _refused(request, form, PanelData("book", values=form.fields), refusal)
    raise _back(form, appointment=str(held), told="held")


async def change(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/appointments/{appointment}/{deed}`: one step of an appointment."""
    actor, form = officer(request), await Form.of(request)
    chosen, deed = request.match_info["appointment"], request.match_info["deed"]
    step = _steps(actor, form, chosen).get(deed)
    if step is None:
        raise web.HTTPNotFound
    try:
        await request.app[EDGE].run(step)
    except (BadInput, SchedulingRefusal) as refusal:
        # What may not be seen stays a page of its own: NotFound and NotAllowed are not caught.
        found = await request.app[EDGE].read(lambda work: show_appointment(work, actor, chosen))
        values = {**moved_values(found), **form.fields, "version": str(found.version), "deed": deed}
        return await _refused(request, form, PanelData("appointment", found, values=values), refusal)
    raise _back(form, appointment=chosen, told=deed)


def _steps(actor: Officer, form: Form, chosen: str) -> Mapping[str, Deed]:
    def move(work: Work) -> Awaitable[object]:
        shift = Shift(
            form.moment("starts"),
            room=form.chosen("room"),
            official=_person(form.chosen("official")),
            liaison=_person(form.chosen("liaison")),
        )
        return appointments.move(work, actor, chosen, shift, form.number("version", 0))

    return {
        "request": lambda work: appointments.request(work, actor, chosen),
        "approve": lambda work: appointments.approve(work, actor, chosen),
        "reject": lambda work: appointments.reject(work, actor, chosen, form.text("reason")),
        "move": move,
        "cancel": lambda work: appointments.cancel(work, actor, chosen, form.text("reason")),
        "arrive": lambda work: arrivals.arrive(work, actor, chosen),
        "no_show": lambda work: arrivals.no_show(work, actor, chosen, form.text("side"), form.text("reason")),
        "done": lambda work: arrivals.done(work, actor, chosen),
    }


async def block(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/room-blocks`: put a room out of use."""
    actor, form = officer(request), await Form.of(request)

    async def use_case(work: Work) -> object:
        span = Span(form.moment("starts"), form.moment("ends"))
        return await room_blocks.block(work, actor, form.text("room"), span, form.text("reason"))

    try:
        await request.app[EDGE].run(use_case)
    except (BadInput, SchedulingRefusal) as refusal:
        return await _refused(request, form, PanelData("block", values=form.fields), refusal)
    raise _back(form, told="block")


async def lift(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/room-blocks/{block}/lift`: give a room back."""
    actor, form = officer(request), await Form.of(request)
    chosen = request.match_info["block"]
    await request.app[EDGE].run(lambda work: room_blocks.lift(work, actor, chosen))
    raise _back(form, told="lift")


async def reallocate(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/reallocate`: give the day of somebody who is away to others."""
    actor, form = officer(request), await Form.of(request)

    async def use_case(work: Work) -> reallocation.Reallocated:
        person = PersonId(form.text("official"))
        return await reallocation.reallocate(
            work, actor, person, form.day("date"), _person(form.chosen("to"))
        )

    try:
        found = await request.app[EDGE].run(use_case)
    except (Refusal, SchedulingRefusal) as refusal:
        return await _refused(request, form, PanelData("reallocate", values=form.fields), refusal)
    raise _back(form, told="reallocate", moved=str(len(found.moved)), left=str(len(found.left)))


def _person(chosen: str | None) -> PersonId | None:
    return PersonId(chosen) if chosen else None


def _back(form: Form, **more: str) -> web.HTTPSeeOther:
    """Return the way to the schedule by an address of its own, so that a reload repeats nothing."""
    return web.HTTPSeeOther(f"/schedule?{form.address.query(**more)}")


async def _refused(
    request: web.Request, form: Form, panel: PanelData, refusal: Refusal | SchedulingRefusal
) -> web.Response:
    faults = refusal.fields if isinstance(refusal, BadInput) else {}
    taken = refusal.alternatives if isinstance(refusal, SlotTaken) else ()
    refused = PanelData(
        panel.kind,
        panel.appointment,
        values=panel.values,
        error=refusal.code,
        faults=faults,
        instead=tuple(map(_instead, taken)),
    )
    status = status_of(refusal) if isinstance(refusal, Refusal) else 409
    return await page(request, form.address, refused, status=int(status))


def _instead(plan: Plan) -> Instead:
    values = {
        "starts": f"{plan.starts_at.astimezone(OFFICE_TIME):%Y-%m-%dT%H:%M}",
        "room": plan.room,
        "official": plan.official,
        "liaison": plan.liaison or "",
    }
    return Instead(plan.starts_at, values)
