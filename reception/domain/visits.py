"""The life of a visit as one table: no IO, no clock.

Source: domain paper 3.1 (a township visit that the county receives) and 3.11.
The names of the states are the shared vocabulary of record, wire and screen.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from reception.domain.errors import Refusal


class VisitState(StrEnum):
    REGISTERED = "registered"  # 登记
    TOWNSHIP_ANSWERED = "township_answered"  # 镇级已答复，来访人有疑问
    CLOSED_SATISFIED = "closed_satisfied"  # 来访人认可镇级答复
    WAITING = "waiting"  # 已上提，排队呼叫中
    IN_CALL = "in_call"  # 接通
    SUSPENDED = "suspended"  # 挂起：线路中断超过宽限，位置保留当日
    WRAP_UP = "wrap_up"  # 收尾
    OUTCOME_LOGGED = "outcome_logged"  # 已记录
    OUTCOME_PENDING = "outcome_pending"  # 待补录
    CANCELLED = "cancelled"  # 取消


class VisitAction(StrEnum):
    ANSWER_AT_TOWNSHIP = "answer_at_township"
    ACCEPT_TOWNSHIP_ANSWER = "accept_township_answer"
    RAISE = "raise"
    RAISE_DIRECT = "raise_direct"
    ANSWER_RING = "answer_ring"
    SUSPEND = "suspend"
    RETURN = "return"
    END_CALL = "end_call"
    LOSE = "lose"
    LOG_OUTCOME = "log_outcome"
    CANCEL = "cancel"


class PendingReason(StrEnum):
    """Why a visit stands in 待补录; shown to its owner in words."""

    NEVER_RESUMED = "never_resumed"  # suspended, and the office day ended before anybody came back
    VISITOR_LEFT = "visitor_left"  # suspended, and the township says that the visitor has gone
    WRAP_UP_LEFT = "wrap_up_left"  # the call was ended, the form was left
    LEAD_HANDED_OVER = "lead_handed_over"  # ended by whoever led it last, while its owner was in another call
    HANDED_OVER = "handed_over"  # its owner has to stay out of this case; somebody else owes it now
    STOPPED = "stopped"  # an administrator stopped the call
    ENDED_OUTSIDE = "ended_outside"  # the row was ended behind the service's back; set by the database itself


class SuspendReason(StrEnum):
    """Whose line was lost for longer than anybody waits before a screen."""

    TERMINAL_GONE = "terminal_gone"
    OFFICER_GONE = "officer_gone"  # tab closed, browser crashed, line lost
    EVERYBODY_GONE = "everybody_gone"  # e.g. a power cut at both ends
    HANDED_OVER = "handed_over"  # the officer has to stay out of this case; somebody else goes on


class WrongState(Refusal):
    """The visit is not in a state that allows this action."""

    code = "wrong_state"


_S, _A = VisitState, VisitAction

ALLOWED: Mapping[VisitState, Mapping[VisitAction, VisitState]] = MappingProxyType(
    {
        _S.REGISTERED: {
            _A.ANSWER_AT_TOWNSHIP: _S.TOWNSHIP_ANSWERED,
            _A.ACCEPT_TOWNSHIP_ANSWER: _S.CLOSED_SATISFIED,
            _A.RAISE_DIRECT: _S.WAITING,
            _A.CANCEL: _S.CANCELLED,
        },
        _S.TOWNSHIP_ANSWERED: {_A.RAISE: _S.WAITING, _A.CANCEL: _S.CANCELLED},
        _S.WAITING: {_A.ANSWER_RING: _S.IN_CALL, _A.CANCEL: _S.CANCELLED},
        _S.IN_CALL: {
            _A.END_CALL: _S.WRAP_UP,
            _A.SUSPEND: _S.SUSPENDED,
            _A.LOSE: _S.OUTCOME_PENDING,
        },
        _S.SUSPENDED: {
            _A.RETURN: _S.IN_CALL,
            _A.END_CALL: _S.WRAP_UP,
            _A.LOSE: _S.OUTCOME_PENDING,
        },
        _S.WRAP_UP: {_A.LOG_OUTCOME: _S.OUTCOME_LOGGED, _A.LOSE: _S.OUTCOME_PENDING},
        _S.OUTCOME_PENDING: {_A.LOG_OUTCOME: _S.OUTCOME_LOGGED},
        _S.CLOSED_SATISFIED: {},
        _S.OUTCOME_LOGGED: {},
        _S.CANCELLED: {},
    }
)

# States in which a terminal is taken by its visit.
AT_TERMINAL = frozenset({_S.REGISTERED, _S.TOWNSHIP_ANSWERED, _S.WAITING, _S.IN_CALL})
# States that owe an outcome; the database keeps a visit from leaving them any other way.
OWES_OUTCOME = frozenset({_S.IN_CALL, _S.SUSPENDED, _S.WRAP_UP, _S.OUTCOME_PENDING})
# States that keep an officer busy.
OCCUPIES_OFFICER = frozenset({_S.IN_CALL, _S.WRAP_UP})

PENDING_LIMIT = 3  # this many outcomes in 待补录 take an officer out of routing (feature row D3)


def follow(state: VisitState, action: VisitAction) -> VisitState:
    """Return the state after `action`, or raise WrongState."""
    try:
        return ALLOWED[state][action]
    except KeyError:
        raise WrongState from None
