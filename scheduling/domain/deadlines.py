"""The clocks of the rules: how long each runs, and in which unit.  No IO, no clock.

Lengths are those of 信访工作条例 (2022), 山东省信访条例 and 纪检监察机关处理检举控告工作规则;
a clock that a county decides on is not here but data of its own.
"""

from dataclasses import dataclass
from enum import StrEnum

from scheduling.domain.calendar import Unit


class Clock(StrEnum):
    """What a time limit is for."""

    ACCEPTANCE_NOTICE = "acceptance_notice"  # 受理（不予受理）告知
    TRANSFER_OBJECTION = "transfer_objection"  # 对转送提出异议
    HANDLING = "handling"  # 办理
    HANDLING_EXTENDED = "handling_extended"  # 办理延期
    REVIEW_REQUEST = "review_request"  # 申请复查、复核
    REVIEW = "review"  # 复查、复核
    REVIEW_ACCEPTANCE = "review_acceptance"  # 复查受理
    REAL_NAME_NOTICE = "real_name_notice"  # 实名举报受理告知
    REAL_NAME_FEEDBACK = "real_name_feedback"  # 实名举报结果反馈
    SEND_UP = "send_up"  # 上报
    PASS_ON = "pass_on"  # noqa: S105 - 交办、转送接收
    CLUE_OPINION = "clue_opinion"  # 线索处置意见
    PROPOSAL_ANSWER = "proposal_answer"  # 改进建议答复


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time as a rule names it; `n` >= 1."""

    n: int
    unit: Unit


TERMS: dict[Clock, Term] = {
    Clock.ACCEPTANCE_NOTICE: Term(15, Unit.CALENDAR_DAY),
    Clock.TRANSFER_OBJECTION: Term(5, Unit.WORKING_DAY),
    Clock.HANDLING: Term(60, Unit.CALENDAR_DAY),
    Clock.HANDLING_EXTENDED: Term(30, Unit.CALENDAR_DAY),  # from the end of the first 60, once
    Clock.REVIEW_REQUEST: Term(30, Unit.CALENDAR_DAY),
    Clock.REVIEW: Term(30, Unit.CALENDAR_DAY),
    Clock.REVIEW_ACCEPTANCE: Term(3, Unit.WORKING_DAY),
    Clock.REAL_NAME_NOTICE: Term(15, Unit.WORKING_DAY),
    Clock.REAL_NAME_FEEDBACK: Term(15, Unit.WORKING_DAY),
    Clock.SEND_UP: Term(5, Unit.WORKING_DAY),
    Clock.PASS_ON: Term(5, Unit.WORKING_DAY),
    Clock.CLUE_OPINION: Term(1, Unit.MONTH),
    Clock.PROPOSAL_ANSWER: Term(30, Unit.CALENDAR_DAY),
}
