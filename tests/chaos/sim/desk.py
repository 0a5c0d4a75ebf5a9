"""What becomes of visits: the use cases as transactions around the pure rules."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from reception.domain.duty import DutyState, OfficerBusy, refuse_unless_ready
from reception.domain.errors import Refusal
from reception.domain.suspension import Fate, Patience, PlaceTaken, Situation, fate_of, reason_of
from reception.domain.visits import (
    AT_TERMINAL,
    PendingReason,
    VisitAction,
    VisitState,
    WrongState,
    follow,
)
from signaling.ids import RoomId, SeatId
from signaling.server_messages import Invite, Ring, RingStopped
from tests.chaos.sim.disk import (
    AddAudit,
    AddFact,
    AddOutcome,
    Commit,
    PutParticipants,
    PutResult,
    PutVisit,
    Tables,
    Transaction,
    VisitRow,
    Write,
)
from tests.chaos.sim.door import NOON

PATIENCE = Patience(line=timedelta(seconds=5), form=timedelta(seconds=12))
_S = VisitState


class Deed(StrEnum):
    """What a page asks for by a request."""

    RAISE = "raise"
    CANCEL = "cancel"
    PARK = "park"
    TAKE_UP = "take_up"
    VISITOR_LEFT = "visitor_left"
    ANSWER = "answer"
    DECLINE = "decline"
    ADMIT = "admit"
    END = "end"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its repetitions share the key. `other` is whom an officer admits."""

    key: str
    seat: SeatId
    deed: Deed
    visit: str
    other: SeatId | None = None


class Desk:
    """Decides; whoever carries it out commits.

    Args:
        away_since: when the seat lost its line, None while it has one.
        now: virtual seconds.
    """

    def __init__(
        self,
        officers: tuple[SeatId, ...],
        away_since: Callable[[SeatId], float | None],
        now: Callable[[], float],
        day_ends_at: float,
    ) -> None:
        self._officers = officers
        self._away_since = away_since
        self._now = now
        self._day_ends_at = day_ends_at

    def transaction(self, request: Request) -> Transaction:
        """What a request wants to be true; a repetition gets the first answer."""

        def once(tables: Tables) -> Commit:
            known = tables.results.get(request.key)
            if known is not None:
                return Commit(known)
            try:
                writes = self._do(request, tables)
            except Refusal as refusal:
                return Commit(refusal.code, (PutResult(request.key, refusal.code),))
            return Commit("ok", (*writes, PutResult(request.key, "ok")))

        return once

    def _do(self, request: Request, tables: Tables) -> Iterable[Write]:
        match request.deed:
            case Deed.RAISE:
                return self._raise(request, tables)
            case Deed.ANSWER:
                return self._answer(request, tables)
            case Deed.ADMIT:
                return self._admit(request, tables)
            case _:
                return self._move(request, tables)

    def _raise(self, request: Request, tables: Tables) -> Iterable[Write]:
        if tables.at_terminal(request.seat, AT_TERMINAL) is not None:
            raise PlaceTaken
        state = follow(_S.REGISTERED, VisitAction.RAISE_DIRECT)
        row = VisitRow(request.visit, request.seat, state)
        return [PutVisit(row), *self._ring(row, tables)]

    def _answer(self, request: Request, tables: Tables) -> Iterable[Write]:
        row, officer = tables.visits[request.visit], request.seat
        self.refuse_late_answer(row)
        refuse_unless_ready(tables.duty_of(officer)[0])
        action = VisitAction.ANSWER_RING if row.state is _S.WAITING else VisitAction.RETURN
        if action is VisitAction.RETURN and self._is_place_taken(row, tables):
            raise PlaceTaken
        taken = self._in_call(replace(row, officer=officer, owner=officer), follow(row.state, action))
        seats = tables.participants.get(row.id, (row.terminal,))
        return [
            PutVisit(taken),
            PutParticipants(row.id, seats if officer in seats else (*seats, officer)),
            AddAudit("answered", row.id, f"{row.round} {officer}"),
            *self._stop(row, "answered"),
        ]

    def refuse_late_answer(self, row: VisitRow) -> None:
        """Refuse the answer to a ring that is over."""
        if row.state is not _S.WAITING and not (row.state is _S.SUSPENDED and row.is_offered):
            raise WrongState

    def _admit(self, request: Request, tables: Tables) -> Iterable[Write]:
        row, seats = tables.visits[request.visit], tables.participants.get(request.visit, ())
        if row.state is not _S.IN_CALL or row.officer != request.seat or request.other is None:
            raise WrongState
        if request.other in seats:
            raise WrongState
        invite = Invite(visit=row.id, room=RoomId(row.id), ticket="", place="", from_name="", from_post="")
        return [
            PutParticipants(row.id, (*seats, request.other)),
            AddAudit("admitted", row.id),
            AddFact(request.other, invite),
        ]

    def _move(self, request: Request, tables: Tables) -> Iterable[Write]:
        row = tables.visits[request.visit]
        is_suspended = row.state is _S.SUSPENDED
        match request.deed:
            case Deed.CANCEL:
                moved = replace(row, state=follow(row.state, VisitAction.CANCEL))
                return [PutVisit(moved), *self._stop(row, "cancelled")]
            case Deed.PARK if is_suspended:
                parked = replace(row, is_parked=True, is_offered=False)
                return [PutVisit(parked), *(self._stop(row, "unanswered") if row.is_offered else ())]
            case Deed.TAKE_UP if is_suspended:
                return [PutVisit(replace(row, is_parked=False))]
            case Deed.DECLINE if is_suspended and row.officer == request.seat:
                return [PutVisit(replace(row, has_declined=True))]
            case Deed.VISITOR_LEFT if is_suspended:
                return self._lose(row, PendingReason.VISITOR_LEFT)
            case Deed.END if row.owner == request.seat:
                ended = replace(row, state=follow(row.state, VisitAction.END_CALL), is_offered=False)
                if is_suspended and tables.duty_of(request.seat)[0] is DutyState.BUSY:
                    raise OfficerBusy
                return [PutVisit(ended), *(self._stop(row, "cancelled") if row.is_offered else ())]
            case Deed.LOG if row.owner == request.seat:
                logged = replace(row, state=follow(row.state, VisitAction.LOG_OUTCOME))
                return [PutVisit(logged), AddOutcome(row.id), *self.audit_outcome(row)]
            case _:
                raise WrongState

    def audit_outcome(self, row: VisitRow) -> Iterable[Write]:
        """The entry that stands if and only if the outcome does."""
        return [AddAudit("outcome", row.id)]

    # What the service does by itself

    def fate(self, row: VisitRow, tables: Tables) -> Fate:
        """What is to become of a visit now."""
        return fate_of(self._situation(row, tables), self._moment(self._now()), PATIENCE)

    def keep(self, visit: str) -> Transaction:
        """Do what the visit's fate is, decided anew when it is its turn."""

        def transaction(tables: Tables) -> Commit:
            row = tables.visits[visit]
            fate = self.fate(row, tables)
            return Commit(fate.value, tuple(self._keep(row, fate, tables)))

        return transaction

    def _keep(self, row: VisitRow, fate: Fate, tables: Tables) -> Iterable[Write]:
        match fate:
            case Fate.SUSPEND:
                why = reason_of(self._situation(row, tables))
                state = follow(row.state, VisitAction.SUSPEND)
                return [PutVisit(replace(row, state=state, suspended=why)), AddAudit("suspended", row.id)]
            case Fate.RETURN:
                back = self._in_call(row, follow(row.state, VisitAction.RETURN))
                stops = self._stop(row, "answered") if row.is_offered else ()
                return [PutVisit(back), AddAudit("returned", row.id), *stops]
            case Fate.OFFER:
                offered = replace(row, is_offered=True, round=row.round + 1)
                return [PutVisit(offered), *self._ring(offered, tables)]
            case Fate.WITHDRAW:
                return [PutVisit(replace(row, is_offered=False)), *self._stop(row, "unanswered")]
            case Fate.GIVE_UP:
                is_form = row.state is _S.WRAP_UP
                why_lost = PendingReason.WRAP_UP_LEFT if is_form else PendingReason.NEVER_RESUMED
                return self._lose(row, why_lost)
            case Fate.STAY:
                return ()

    def _lose(self, row: VisitRow, reason: PendingReason) -> Iterable[Write]:
        lost = replace(row, state=follow(row.state, VisitAction.LOSE), pending=reason, is_offered=False)
        return [PutVisit(lost), *(self._stop(row, "cancelled") if row.is_offered else ())]

    def _in_call(self, row: VisitRow, state: VisitState) -> VisitRow:
        return replace(
            row, state=state, suspended=None, is_offered=False, is_parked=False, has_declined=False
        )

    def _situation(self, row: VisitRow, tables: Tables) -> Situation:
        officer_away = self._away(row.officer) if row.officer is not None else None
        return Situation(
            state=row.state,
            terminal_away=self._away(row.terminal),
            officer_away=officer_away,
            officer_duty=tables.duty_of(row.officer)[0] if row.officer is not None else DutyState.OFF,
            is_offered=row.is_offered,
            is_parked=row.is_parked,
            is_place_taken=self._is_place_taken(row, tables),
            has_declined=row.has_declined,
            is_of_today=self._now() < self._day_ends_at,
        )

    def _is_place_taken(self, row: VisitRow, tables: Tables) -> bool:
        other = tables.at_terminal(row.terminal, AT_TERMINAL)
        return other is not None and other.id != row.id

    def _away(self, seat: SeatId) -> datetime | None:
        since = self._away_since(seat)
        return self._moment(since) if since is not None else None

    def _moment(self, seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    def _ring(self, row: VisitRow, tables: Tables) -> Iterable[Write]:
        ring = Ring(
            visit=row.id,
            ticket="",
            place=row.terminal,
            matter_kinds=(),
            direct=True,
            raised_at=NOON,
            answer_by_s=30,
        )
        ready = [one for one in self._officers if tables.duty_of(one)[0] is DutyState.READY]
        return [AddFact(officer, ring) for officer in ready]

    def _stop(self, row: VisitRow, why: str) -> Iterable[Write]:
        stopped = RingStopped(visit=row.id, why=why)  # type: ignore[arg-type]  # one of its literals
        return [AddFact(officer, stopped) for officer in self._officers]
