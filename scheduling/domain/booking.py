"""When a room may be booked at all, and how a booking is refused: no IO, no clock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduling.domain.calendar import Calendar
from scheduling.domain.hours import OFFICE_TIME, Hours, open_spans
from scheduling.domain.slots import Plan, Span
from scheduling.errors import SchedulingRefusal


class InThePast(SchedulingRefusal):
    """The wanted beginning is over."""

    code = "in_the_past"


class NotAWorkingDay(SchedulingRefusal):
    """The office is closed on the wanted day."""

    code = "not_a_working_day"


class OutsideHours(SchedulingRefusal):
    """The office is open on that day, but not for the whole of the wanted time."""

    code = "outside_hours"


class RoomBlocked(SchedulingRefusal):
    """The room is out of use at that time."""

    code = "room_blocked"


class OfficialOnLeave(SchedulingRefusal):
    """The official or the liaison is on leave at that time."""

    code = "official_on_leave"


class SlotTaken(SchedulingRefusal):
    """Somebody else has the room, an official or the case at that time.

    Args:
        alternatives: the nearest free plans, nearest first; at most three.
    """

    code = "slot_taken"

    def __init__(self, alternatives: Sequence[Plan] = ()) -> None:
        super().__init__(self.code)
        self.alternatives = tuple(alternatives)


class HoldExpired(SchedulingRefusal):
    """The hold was not completed in time, and the slot may be somebody else's by now."""

    code = "hold_expired"


class VersionConflict(SchedulingRefusal):
    """Somebody changed the appointment since the page was loaded."""

    code = "version_conflict"


class CannotTakePart(SchedulingRefusal):
    """The official or liaison may not deal with this; why is not said."""

    code = "cannot_take_part"


@dataclass(frozen=True, slots=True)
class Openness:
    """What keeps rooms closed.

    Attributes:
        hours: of the unit that each room belongs to.
        blocks: when a room is out of use; whatever lies outside is no block any more.
        leaves: when a person is away, by granted leave.
    """

    calendar: Calendar
    hours: Mapping[str, Hours]
    blocks: Mapping[str, Collection[Span]]
    leaves: Mapping[str, Collection[Span]] = field(default_factory=dict)

    def refuse_closed(self, plan: Plan, now: datetime) -> None:
        """Raise the refusal that keeps a plan from being booked, if there is one.

        Raises:
            InThePast, NotAWorkingDay, OutsideHours, RoomBlocked, OfficialOnLeave: looked at in this order.
        """
        if plan.starts_at < now:
            raise InThePast
        local = plan.starts_at.astimezone(OFFICE_TIME)
        spans = open_spans(self.hours[plan.room], self.calendar, local.date())
        if not spans:
            raise NotAWorkingDay
        end = plan.meeting.end.astimezone(OFFICE_TIME)
        inside = any(opens <= local.time() and end.time() <= closes for opens, closes in spans)
        if not inside or end.date() != local.date():
            raise OutsideHours
        if any(plan.meeting.overlaps(block) for block in self.blocks.get(plan.room, ())):
            raise RoomBlocked
        if self.is_away(plan):
            raise OfficialOnLeave

    def is_away(self, plan: Plan) -> bool:
        """Tell whether leave keeps an official from any part of a plan, briefing and wrap-up included."""
        return any(plan.whole.overlaps(leave) for one in plan.people for leave in self.leaves.get(one, ()))

    def admits(self, plan: Plan, now: datetime) -> bool:
        """Tell whether nothing keeps a plan from being booked."""
        try:
            self.refuse_closed(plan, now)
        except (InThePast, NotAWorkingDay, OutsideHours, RoomBlocked, OfficialOnLeave):
            return False
        return True
