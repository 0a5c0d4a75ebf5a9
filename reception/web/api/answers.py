"""Answers of the JSON API: what may get out, field by field."""

from datetime import date, datetime
from typing import dataclass_transform

import msgspec
from msgspec import Struct


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Answer(Struct, frozen=True, kw_only=True):
    """An answer's body."""


class Enrolled(Answer, kw_only=True):
    """The new terminal; `roll` is needed once for the first session."""

    device: str
    roll: str
    fingerprint: str
    room_name: str
    unit_name: str


class Challenge(Answer, kw_only=True):
    """What the terminal signs, within 60 s."""

    nonce: str


class StaffLine(Answer, kw_only=True):
    """A member of staff to choose from."""

    id: str
    name: str
    post: str


class DeviceSession(Answer, kw_only=True):
    """An open terminal session; the page keeps `token` in memory only."""

    token: str
    roll: str
    seat: str
    room_name: str
    unit_name: str
    officers: list[StaffLine]


class Ticket(Answer, kw_only=True):
    """Opens one socket within 30 s."""

    ticket: str


class PreferredDeviceView(Answer, kw_only=True):
    """A camera, microphone or loudspeaker as the browser names it."""

    label: str
    group: str


class DeviceProfileView(Answer, kw_only=True):
    """What this terminal uses; null where nobody has chosen."""

    camera: PreferredDeviceView | None
    microphone: PreferredDeviceView | None
    speaker: PreferredDeviceView | None


class IceServer(Answer, kw_only=True):
    """A TURN server and a credential for it; never written to a log."""

    urls: list[str]
    username: str
    credential: str


class IceServers(Answer, kw_only=True):
    """Ways round a blocked UDP, asked for before each build and restart; `relay_only`: take no other."""

    ice_servers: list[IceServer]
    relay_only: bool
    ttl_s: int


class RegisteredVisit(Answer, kw_only=True):
    """The new visit."""

    visit: str
    ticket: str
    case_no: str
    state: str


class VisitMoved(Answer, kw_only=True):
    """Where the visit stands now."""

    visit: str
    state: str


class Raised(Answer, kw_only=True):
    """The visit waits; `expected_minutes` null when nobody is on duty."""

    visit: str
    state: str
    position: int | None
    expected_minutes: int | None


class ChatView(Answer, kw_only=True):
    """One line of the conversation."""

    at: datetime
    from_seat: str
    who: str
    role: str
    text: str


class SaidView(Answer, kw_only=True):
    """One line of a running conversation, with the seat as on the wire."""

    seat: str
    role: str
    name: str
    text: str
    at: datetime


class SnapshotView(Answer, kw_only=True):
    """A call as a participant finds it; facts up to `pos` are in it."""

    visit: str
    state: str
    pos: int
    chat: list[SaidView]


class ParkedView(Answer, kw_only=True):
    """A suspended visit that the terminal put aside: no more than whoever passes by may read."""

    visit: str
    ticket: str
    since: datetime


class VisitView(Answer, kw_only=True):
    """A visit as its own terminal sees it; `suspended_reason` is null while its line is not lost."""

    visit: str
    ticket: str
    case_no: str
    state: str
    direct: bool
    room: str | None
    position: int | None
    expected_minutes: int | None
    called: list[str]
    officer_name: str | None
    officer_post: str | None
    callback_owner: str | None
    callback_by: datetime | None
    receipt: str | None
    suspended_reason: str | None
    chat: list[ChatView]


class TerminalView(Answer, kw_only=True):
    """What a terminal shows after it started or was reloaded."""

    seat: str
    room_name: str
    unit_name: str
    county_phone: str
    officers: list[StaffLine]
    visit: VisitView | None
    parked: list[ParkedView]


class DutyView(Answer, kw_only=True):
    """The officer's own duty state."""

    state: str
    pending: int


class Me(Answer, kw_only=True):
    """Who is signed in."""

    person: str
    name: str
    post: str
    seat: str


class QueueLineView(Answer, kw_only=True):
    """One waiting visit; `officer` received it before, when its call was cut off."""

    visit: str
    ticket: str
    place: str
    matter_kinds: list[str]
    raised_at: datetime
    state: str
    direct: bool
    officer: str | None


class SuspendedView(Answer, kw_only=True):
    """A suspended visit of the officer who received it; `offered` when its terminal is back."""

    visit: str
    case_no: str
    ticket: str
    place: str
    reason: str
    since: datetime
    parked: bool
    offered: bool


class PendingView(Answer, kw_only=True):
    """One outcome in 待补录."""

    visit: str
    case_no: str
    ticket: str
    reason: str
    since: datetime


class CurrentView(Answer, kw_only=True):
    """The visit that keeps the officer busy: a running call, or its outcome form."""

    visit: str
    room: str
    state: str
    is_host: bool


class Colleague(Answer, kw_only=True):
    """An officer on duty."""

    person: str
    name: str
    post: str
    present: bool
    free: bool


class DeskView(Answer, kw_only=True):
    """Everything the desk shows when it is opened."""

    me: Me
    duty: DutyView
    queue: list[QueueLineView]
    pending: list[PendingView]
    suspended: list[SuspendedView]
    current: CurrentView | None
    colleagues: list[Colleague]


class AnsweredVisit(Answer, kw_only=True):
    """The officer has the visit; `room` is where to join."""

    visit: str
    room: str
    state: str


class DraftView(Answer, kw_only=True):
    """The newest draft; version 0 and empty fields when there is none."""

    code: str = ""
    asked: str = ""
    answer: str = ""
    next: str = ""
    due_on: date | None = None
    owner: str = ""
    version: int = 0
    saved_at: datetime | None = None


class DraftSaved(Answer, kw_only=True):
    """The draft is committed."""

    version: int
    saved_at: datetime


class OutcomeLogged(Answer, kw_only=True):
    """The outcome is committed; `receipt` is its number."""

    visit: str
    receipt: str
    state: str


class PersonView(Answer, kw_only=True):
    """Who came, as far as this reader may know."""

    role: str
    name: str
    id_number: str
    phone: str
    address: str


class Unsealed(Answer, kw_only=True):
    """Who came; the page hides it again after `expires_s`."""

    people: list[PersonView]
    expires_s: int


class RobotStarted(Answer, kw_only=True):
    """The rehearsal visitor is on the way."""

    room: str


class MatterView(Answer, kw_only=True):
    """One issue of a visit."""

    kind: str
    summary: str


class TownshipAnswerView(Answer, kw_only=True):
    """What the township answered."""

    by: str
    answer: str
    satisfied: bool
    doubt: str | None
    answered_at: datetime


class DeclarationView(Answer, kw_only=True):
    """Who was in the room."""

    present: list[str]
    officer_left: bool


class EventView(Answer, kw_only=True):
    """One line of the timeline; `gap_s` is how long a seat had been away when it came back."""

    at: datetime
    kind: str
    role: str | None
    person: str | None
    code: str | None
    gap_s: float | None


class StretchView(Answer, kw_only=True):
    """Some seconds of a participant's line: the worst of them. `score` from 0 (none) to 100 (good)."""

    starts_at: datetime
    ends_at: datetime
    score: int
    verdict: str
    rung: str
    route: str
    rtt_ms: float
    loss: float


class GapView(Answer, kw_only=True):
    """A time in which nothing was heard of a participant's line."""

    starts_at: datetime
    ends_at: datetime
    seconds: int


class LineView(Answer, kw_only=True):
    """One participant's line over a visit; `person` is null for the visitor's side."""

    role: str
    person: str | None
    stretches: list[StretchView]
    gaps: list[GapView]


class LinesView(Answer, kw_only=True):
    """The lines of a visit, in order of their beginning."""

    visit: str
    lines: list[LineView]


class OutcomeView(Answer, kw_only=True):
    """The outcome as it was logged."""

    receipt: str
    code: str
    asked: str
    answer: str
    next: str
    due_on: date | None
    owner: str
    logged_by: str
    logged_at: datetime


class VisitRecord(Answer, kw_only=True):
    """A visit in its case's record; texts are null where the reader may not see content."""

    id: str
    ticket: str
    place: str
    visited_on: date
    state: str
    is_direct: bool
    is_anonymous: bool
    head_count: int
    officer: str | None
    officer_post: str | None
    registered_at: datetime
    raised_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    pending_reason: str | None
    owner: str | None
    matters: list[MatterView]
    township_answer: TownshipAnswerView | None
    declaration: DeclarationView | None
    people: list[PersonView]
    timeline: list[EventView]
    chat: list[ChatView]
    outcome: OutcomeView | None


class CaseRecord(Answer, kw_only=True):
    """A case with every visit that the reader may know of."""

    number: str
    township: str
    opened_at: datetime
    content: bool
    may_unseal: bool
    visits: list[VisitRecord]


class OwnerOption(Answer, kw_only=True):
    """Who may own what happens next."""

    person: str
    name: str
    post: str


class OutcomeOption(Answer, kw_only=True):
    """A code to choose, and whether it takes a date."""

    code: str
    needs_due: bool


class CasePanel(Answer, kw_only=True):
    """The desk's view of a visit before and during the call."""

    visit: str
    case_no: str
    ticket: str
    state: str
    place: str
    direct: bool
    anonymous: bool
    head_count: int
    raised_at: datetime | None
    matters: list[MatterView]
    township_answer: TownshipAnswerView | None
    declaration: DeclarationView | None
    people: list[PersonView]
    chat: list[ChatView]
    owners: list[OwnerOption]
    outcome_codes: list[OutcomeOption]


class CaseLineView(Answer, kw_only=True):
    """One line of the ledger."""

    number: str
    township: str
    place: str
    visited_on: date
    ticket: str
    state: str
    officer: str | None
    outcome_code: str | None
    receipt: str | None
    due_on: date | None
    is_direct: bool


class CasePageView(Answer, kw_only=True):
    """A page of the ledger."""

    lines: list[CaseLineView]
    total: int
    page: int
    page_size: int
