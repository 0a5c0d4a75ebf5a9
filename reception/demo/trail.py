"""Audit links gathered out of order and appended in the order of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reception.services.work import Work
from reception.store.audit import AuditAction


@dataclass(frozen=True, slots=True)
class Link:
    """One link that the audit chain is to get."""

    at: datetime
    actor: str
    action: AuditAction
    object_type: str
    object_id: str
    case_id: str | None = None
    reason: str | None = None


async def append(work: Work, links: Iterable[Link]) -> None:
    """Append every link to the chain, the earliest first; links of one moment keep their order."""
    for link in sorted(links, key=lambda link: link.at):
        await work.audit.append(
            work.session,
            at=link.at,
            actor=link.actor,
            action=link.action,
            object_type=link.object_type,
            object_id=link.object_id,
            case_id=link.case_id,
            reason_code=link.reason,
        )
