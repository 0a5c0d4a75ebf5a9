"""Who takes over the appointments of somebody who is away for a day: no IO, no clock."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from scheduling.domain.slots import Claim, Plan


@dataclass(frozen=True, slots=True)
class HandOver:
    """One appointment, and who takes it; `stand_in` None where nobody can."""

    appointment: str
    plan: Plan
    stand_in: str | None


def hand_over(
    appointments: Iterable[tuple[str, Plan]],
    stand_ins: Collection[str],
    *,
    taken: Collection[Claim],
    may_take: Callable[[Plan], bool] = lambda _: True,
) -> list[HandOver]:
    """Give every appointment to a stand-in who is free for the whole of it.

    Time, room, liaison and case stay what they are.  Who comes first in `stand_ins` is asked first; the
    earliest appointment is given away first, and what somebody was given counts against the next one.

    Args:
        taken: quarters of the stand-ins that are claimed already.
        may_take: tells whether a plan with its new official is allowed, e.g. by the conflict rules.
    """
    busy = set(taken)
    found = []
    for appointment, plan in sorted(appointments, key=lambda one: (one[1].starts_at, one[0])):
        for person in stand_ins:
            changed = replace(plan, official=person)
            new = changed.claims().keys() - plan.claims().keys()
            if person not in plan.people and busy.isdisjoint(new) and may_take(changed):
                busy |= new
                found.append(HandOver(appointment, changed, person))
                break
        else:
            found.append(HandOver(appointment, plan, None))
    return found
