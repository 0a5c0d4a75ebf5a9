"""The unit of work that every use case receives: session, hour, vault, and a list for notes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.ids import CaseId
from reception.services.notes import Note
from reception.store.audit import AuditAction, AuditLog, Result
from reception.store.tables import VisitRow
from reception.store.vault import Purpose, Vault

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
        """Append to the audit chain that `actor` did `action` on a visit."""
        await self.record_about(actor, action, "visit", visit.id, case=visit.case_id, reason=reason)

    async def record_about(
        self,
        actor: str,
        action: AuditAction,
        object_type: str,
        object_id: str,
        *,
        case: str | None = None,
        result: Result = "allow",
        reason: str | None = None,
        fields: Sequence[str] = (),
    ) -> None:
        """Append to the audit chain that `actor` did `action` on a thing; same transaction, or neither."""
        await self.audit.append(
            self.session,
            at=self.now,
            actor=actor,
            action=action,
            object_type=object_type,
            object_id=object_id,
            case_id=case,
            result=result,
            reason_code=reason,
            fields=fields,
        )

    async def seal(
        self, text: str, *, case: str, table: str, column: str, row: str, purpose: Purpose = Purpose.CONTENT
    ) -> str:
        """Return `text` sealed for one place in the database."""
        return await self.vault.seal(
            self.session, purpose, case_id=CaseId(case), table=table, column=column, row_id=row, text=text
        )

    async def open(
        self, sealed: str, *, case: str, table: str, column: str, row: str, purpose: Purpose = Purpose.CONTENT
    ) -> str:
        """Return what was sealed for this very place, or raise SealBroken."""
        return await self.vault.open(
            self.session, purpose, case_id=CaseId(case), table=table, column=column, row_id=row, sealed=sealed
        )

    def tell(self, *notes: Note) -> None:
        """Have something said after the commit."""
        self.notes.extend(notes)
