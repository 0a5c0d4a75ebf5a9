"""The life of an appointment as one table, and who failed to come: no IO, no clock.

A township asks for a time (对上约), the county accepts or refuses it (对下接).  Who may do which of
these steps is not decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from scheduling.errors import SchedulingRefusal


class AppointmentState(StrEnum):
    HELD = "held"  # 暂留：选定的时间保留几分钟，等待填写
    REQUESTED = "requested"  # 已申请，等待县里答复
    APPROVED = "approved"  # 已同意
    REJECTED = "rejected"  # 未同意，写明原因
    ARRIVED = "arrived"  # 来访人已到达接访室
    IN_VISIT = "in_visit"  # 正在接访
    DONE = "done"  # 已办完
    NO_SHOW = "no_show"  # 未到，由人确认
    CANCELLED = "cancelled"  # 取消，不算未到


class AppointmentAction(StrEnum):
    REQUEST = "request"
    APPROVE = "approve"
    REJECT = "reject"
    ARRIVE = "arrive"
    ENTER = "enter"
    FINISH = "finish"
    MISS = "miss"
    CANCEL = "cancel"


class RejectReason(StrEnum):
    """Why the county does not accept a request; a closed list, so that it can be counted and translated."""

    OFFICIAL_AWAY = "official_away"
    OTHER_UNIT = "other_unit"  # the matter belongs elsewhere
    TOWNSHIP_FIRST = "township_first"  # the township has not answered yet
    IN_PROGRESS = "in_progress"  # the matter is being handled and its term runs
    DUPLICATE = "duplicate"  # there is an appointment for it already


class CancelReason(StrEnum):
    """Why an appointment will not take place; cancelled says nothing against either side."""

    CITIZEN_ASKED = "citizen_asked"
    OFFICIAL_AWAY = "official_away"
    ROOM_OUT_OF_USE = "room_out_of_use"
    SOLVED = "solved"
    ENTERED_WRONGLY = "entered_wrongly"
    HOLD_EXPIRED = "hold_expired"  # by the service: nobody completed the request in time


class Side(StrEnum):
    """Which side of an appointment did not come."""

    CITIZEN = "citizen"
    COUNTY = "county"


class NoShowReason(StrEnum):
    """Why a side did not come, as far as somebody knows."""

    UNREACHABLE = "unreachable"
    ILLNESS = "illness"
    TRAFFIC = "traffic"
    OTHER_DUTY = "other_duty"
    FORGOTTEN = "forgotten"
    NOT_STATED = "not_stated"


class Kind(StrEnum):
    """What an appointment is for."""

    VISIT = "visit"  # 预约接访
    FOLLOW_UP = "follow_up"  # 回访、答复
    LEADER_DAY = "leader_day"  # 领导接访日
    CONFERENCE = "conference"  # 联席会商


class AppointmentWrongState(SchedulingRefusal):
    """The appointment is not in a state that allows this step."""

    code = "appointment_state"


_S, _A = AppointmentState, AppointmentAction

ALLOWED: Mapping[AppointmentState, Mapping[AppointmentAction, AppointmentState]] = MappingProxyType(
    {
        _S.HELD: {_A.REQUEST: _S.REQUESTED, _A.CANCEL: _S.CANCELLED},
        _S.REQUESTED: {_A.APPROVE: _S.APPROVED, _A.REJECT: _S.REJECTED, _A.CANCEL: _S.CANCELLED},
        _S.APPROVED: {_A.ARRIVE: _S.ARRIVED, _A.MISS: _S.NO_SHOW, _A.CANCEL: _S.CANCELLED},
        # Somebody who came may be answered by the township, or leave again; the county may not come.
        _S.ARRIVED: {
            _A.ENTER: _S.IN_VISIT,
            _A.FINISH: _S.DONE,
            _A.MISS: _S.NO_SHOW,
            _A.CANCEL: _S.CANCELLED,
        },
        _S.IN_VISIT: {_A.FINISH: _S.DONE},
        _S.REJECTED: {},
        _S.DONE: {},
        _S.NO_SHOW: {},
        _S.CANCELLED: {},
    }
)

# States that claim room and people for the whole time.
CLAIMS = frozenset({_S.HELD, _S.REQUESTED, _S.APPROVED, _S.ARRIVED, _S.IN_VISIT})
# States in which an appointment may still be given another time, room or official.
MOVABLE = frozenset({_S.HELD, _S.REQUESTED, _S.APPROVED})
# States that follow the county's consent, and are not undone: what reminders and feeds tell of.
AGREED = frozenset({_S.APPROVED, _S.ARRIVED, _S.IN_VISIT, _S.DONE})
# Where somebody is expected, or there already.
EXPECTED = frozenset({_S.APPROVED, _S.ARRIVED})


def follow(state: AppointmentState, action: AppointmentAction) -> AppointmentState:
    """Return the state after `action`, or raise AppointmentWrongState."""
    try:
        return ALLOWED[state][action]
    except KeyError:
        raise AppointmentWrongState from None


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of who came.

    Attributes:
        citizen_came: somebody pressed 到达 in the township's room.
        county_came: the appointed official, or whoever stands in, answered or sits at the desk.
    """

    citizen_came: bool
    county_came: bool


def absent_side(starts_at: datetime, presence: Presence, now: datetime, *, grace: timedelta) -> Side | None:
    """Suggest which side did not come; a person confirms it, or knows better.

    Args:
        grace: how long after the beginning nobody is called absent; >= 0.

    Returns:
        None before the grace is over, and where both sides came.  The citizen is looked at first:
        whoever waits for nobody is not late.
    """
    if now < starts_at + grace:
        return None
    if not presence.citizen_came:
        return Side.CITIZEN
    return None if presence.county_came else Side.COUNTY


def was_kept(state: AppointmentState, side: Side | None = None) -> bool | None:
    """Tell for the statistics whether the citizen came.

    Returns:
        None where that is not a question: the appointment was cancelled or refused, or lies ahead.
    """
    if state in (_S.ARRIVED, _S.IN_VISIT, _S.DONE):
        return True
    if state is _S.NO_SHOW:
        return side is not Side.CITIZEN
    return None
