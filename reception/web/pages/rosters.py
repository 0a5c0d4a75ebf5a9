"""The rosters' page: two weeks per post, who is on now and why, requests, and a plain form per change."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web
from multidict import MultiDictProxy

from reception.domain.access import can, may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, Refusal
from reception.domain.ids import PersonId, new_id
from reception.domain.policy import Action
from reception.keys import EDGE, SWITCHBOARD
from reception.services import roster_alerts, roster_plans, roster_requests
from reception.services.roster_board import DAYS, board
from reception.services.roster_choices import choices, requests_of
from reception.services.roster_plans import NewRotation, checked
from reception.services.work import OFFICE_TIME, Work
from reception.web.api.rosters import horizon
from reception.web.commands import run_once
from reception.web.contexts import render
from reception.web.errors import DEFAULT_STATUS, status_of
from reception.web.principals import officer
from reception.web.shapes.rosters import RosterChanged
from scheduling.domain.roster import Post
from scheduling.domain.rotation import Handover
from scheduling.errors import SchedulingRefusal

PATH = "/schedule/rosters"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Deed = Callable[[Work], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent."""

    fields: Mapping[str, str]
    members: tuple[PersonId, ...]
    weekdays: tuple[str, ...]

    @classmethod
    def of(cls, form: MultiDictProxy[str | bytes | bytearray | web.FileField]) -> "Sent":
        """Read a form; empty places among the members are left out."""
        members = tuple(PersonId(str(one)) for one in form.getall("member", []) if str(one))
        weekdays = tuple(day for day in WEEKDAYS if day in form.getall("weekday", []))
        return cls({name: str(value)[:200].strip() for name, value in form.items()}, members, weekdays)

    def text(self, name: str) -> str:
        """Return a field; one that is not there is empty."""
        return self.fields.get(name, "")

    def person(self, name: str = "person") -> PersonId:
        """Return a chosen person."""
        if not self.text(name):
            raise BadInput({name: "required"})
        return PersonId(self.text(name))

    def post(self) -> Post:
        """Return a chosen post, sent as `role:unit`."""
        role, _, unit = self.text("post").partition(":")
        return Post(role, unit)

    def moment(self, name: str) -> datetime:
        """Return a moment typed in office time."""
        try:
            typed = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise BadInput({name: "required"}) from None
        return typed if typed.tzinfo else typed.replace(tzinfo=OFFICE_TIME)

    def day(self, name: str) -> date:
        """Return a typed date."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise BadInput({name: "required"}) from None

    def clock(self, name: str) -> time:
        """Return a typed time of day."""
        try:
            return time.fromisoformat(self.text(name))
        except ValueError:
            raise BadInput({name: "required"}) from None


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /schedule/rosters?from=`."""
    may(officer(request), Action.READ_ROSTERS)
    return await _page(request, told=request.query.get("told", ""))


async def submit(request: web.Request) -> web.StreamResponse:
    """`POST /schedule/rosters/{form}`: one change, then back to the page by an address of its own.

    Every form carries a key of its own, so one that is sent twice changes one thing.
    """
    actor, name = officer(request), request.match_info["form"]
    sent, make = Sent.of(await request.post()), _FORMS.get(name)
    if make is None:
        raise web.HTTPNotFound
    try:
        deed = make(request, actor, sent)

        async def use_case(work: Work) -> RosterChanged:
            await deed(work)
            return RosterChanged(id=sent.text("id"), state=name)

        await run_once(request, use_case, key=sent.text("form_key"))
    except NotAllowed:
        raise
    except (Refusal, SchedulingRefusal) as refusal:
        status = status_of(refusal) if isinstance(refusal, Refusal) else DEFAULT_STATUS
        faults = refusal.fields if isinstance(refusal, BadInput) else {}
        return await _page(
            request, error=refusal.code, faults=faults, sent=sent, form=name, status=int(status)
        )
    raise web.HTTPSeeOther(f"{PATH}?told={name}")


def _rotation(request: web.Request, actor: Officer, sent: Sent) -> Deed:
    if not sent.weekdays:
        raise BadInput({"weekday": "required"})
    new = NewRotation(
        post=Post(sent.text("role"), sent.text("unit")),
        members=sent.members,
        rule=f"FREQ=WEEKLY;BYDAY={','.join(sent.weekdays)}",
        opens=sent.clock("opens"),
        closes=sent.clock("closes"),
        starts_on=sent.day("starts_on"),
        handover=Handover.DAILY if sent.text("handover") == "daily" else Handover.WEEKLY,
        working_days_only=bool(sent.text("working_days_only")),
    )
    return lambda work: roster_plans.add_rotation(work, actor, new, horizon=horizon(request))


def _members(request: web.Request, actor: Officer, sent: Sent) -> Deed:
    ends_on = sent.day("ends_on") if sent.text("ends_on") else None
    return lambda work: roster_plans.change_rotation(
        work, actor, sent.text("rotation"), sent.members, ends_on=ends_on, horizon=horizon(request)
    )


def _override(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    span, person, post = checked(sent.moment("starts_at"), sent.moment("ends_at")), sent.person(), sent.post()
    replaced = PersonId(sent.text("instead_of")) if sent.text("instead_of") else None
    return lambda work: roster_plans.add_override(work, actor, post, person, span, instead_of=replaced)


def _swap(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    # A shift is chosen as `role:unit@start`; the one in return by its start alone.
    post_text, _, start = sent.text("shift").partition("@")
    role, _, unit = post_text.partition(":")
    given = Sent({"start": start}, (), ()).moment("start")
    taker = PersonId(sent.text("to")) if sent.text("to") else None
    back = sent.moment("back_starts_at") if sent.text("back_starts_at") else None
    return lambda work: roster_requests.ask_swap(
        work, actor, Post(role, unit), given, taker=taker, back_starts_at=back
    )


def _leave(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    span, kind = checked(sent.moment("starts_at"), sent.moment("ends_at")), sent.text("kind")
    person = sent.person() if sent.text("person") else actor.person
    return lambda work: roster_requests.ask_leave(work, actor, person, span, kind)


def _acting(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    start = sent.moment("starts_at")
    end = sent.moment("ends_at") if sent.text("ends_at") else None
    person, deputy = sent.person(), sent.person("deputy")
    return lambda work: roster_plans.add_acting(work, actor, person, deputy, start, end)


def _leader_day(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    day, person = sent.day("day"), sent.person()
    span = checked(
        datetime.combine(day, sent.clock("opens"), OFFICE_TIME),
        datetime.combine(day, sent.clock("closes"), OFFICE_TIME),
    )
    return lambda work: roster_plans.add_leader_day(work, actor, person, span)


def _standing(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    post = Post(sent.text("role"), sent.text("unit"))
    return lambda work: roster_plans.set_standing(work, actor, post, sent.members)


def _channel(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
    person, works = sent.person(), sent.text("works") == "yes"
    return lambda work: roster_alerts.check_channel(work, actor, person, "phone", works=works)


def _settled(settle: Callable[[Work, Officer, str], Awaitable[None]]) -> Callable[..., Deed]:
    def make(_request: web.Request, actor: Officer, sent: Sent) -> Deed:
        return lambda work: settle(work, actor, sent.text("id"))

    return make


def _leave_settled(state: str) -> Callable[..., Deed]:
    return _settled(lambda work, actor, chosen: roster_requests.settle_leave(work, actor, chosen, state))


def _cancelled(kind: str) -> Callable[..., Deed]:
    return _settled(lambda work, actor, chosen: roster_plans.cancel(work, actor, kind, chosen))


_FORMS: Mapping[str, Callable[[web.Request, Officer, Sent], Deed]] = {
    "rotation": _rotation,
    "members": _members,
    "override": _override,
    "swap": _swap,
    "swap-accept": _settled(roster_requests.accept_swap),
    "swap-decline": _settled(roster_requests.decline_swap),
    "swap-withdraw": _settled(roster_requests.withdraw_swap),
    "leave": _leave,
    "leave-grant": _leave_settled("granted"),
    "leave-decline": _leave_settled("declined"),
    "leave-withdraw": _leave_settled("withdrawn"),
    "acting": _acting,
    "leader-day": _leader_day,
    "standing": _standing,
    "channel": _channel,
    "override-cancel": _cancelled("override"),
    "acting-cancel": _cancelled("acting"),
    "leader-day-cancel": _cancelled("leader_day"),
}


async def _page(
    request: web.Request,
    *,
    told: str = "",
    error: str = "",
    faults: Mapping[str, str] | None = None,
    sent: Sent | None = None,
    form: str = "",
    status: int = 200,
) -> web.Response:
    actor = officer(request)
    present = request.app[SWITCHBOARD].people_present()

    async def read(work: Work) -> dict[str, object]:
        first = _first_day(request, work.today)
        may_keep = can(actor, Action.KEEP_ROSTERS)
        return {
            "board": await board(work, actor, first, present=present),
            "first": first,
            "local": lambda moment: moment.astimezone(OFFICE_TIME),
            "today": work.today,
            "now": work.now,
            "earlier": first - timedelta(days=DAYS),
            "later": first + timedelta(days=DAYS),
            "may_keep": may_keep,
            "me": actor.person,
            "asked": await requests_of(work, actor),
            "alerts": await roster_alerts.summary(work) if may_keep else (),
            "choices": await choices(work, actor),
            "weekdays": WEEKDAYS,
            "told": told if told in _FORMS else "",
            "error": error,
            "faults": faults or {},
            "sent": sent.fields if sent else {},
            "form": form,
            "form_key": new_id,
        }

    return render(request, "pages/rosters.html", await request.app[EDGE].read(read), status=status)


def _first_day(request: web.Request, today: date) -> date:
    """Return the Monday of the week that is asked for, today's by default."""
    try:
        day = date.fromisoformat(request.query.get("from", ""))
    except ValueError:
        day = today
    if abs(day - today) > timedelta(days=366):
        day = today
    return day - timedelta(days=day.weekday())
