"""The unit of work that every use case receives: session, hour, vault, and a list for notes."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from reception.services.notes import Note
from reception.store.audit import AuditAction, AuditLog
from reception.store.tables import VisitRow
from reception.store.vault import Vault

OFFICE_TIME = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class Work:
    """One use case's transaction; the edge opens it, commits it and carries `notes` out afterwards."""

    session: AsyncSession
    now: datetime
    vault: Vault
    audit: AuditLog
    notes: list[Note] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The office's calendar date."""
        return self.now.astimezone(OFFICE_TIME).date()

    async def record(
        self, actor: str, action: AuditAction, visit: VisitRow, *, reason: str | None = None
    ) -> None:
        """Append to the audit chain that `actor` did `action` on a visit; same transaction, or neither."""
        await self.audit.append(
            self.session,
            at=self.now,
            actor=actor,
            action=action,
            object_type="visit",
            object_id=visit.id,
            case_id=visit.case_id,
            reason_code=reason,
        )

    def tell(self, *notes: Note) -> None:
        """Have something said after the commit."""
        self.notes.extend(notes)
