"""One-time links from the host's side: made with a visit, listed, revoked, and the guest let in.

Token and code follow from the link's id under the service's key, so a repeated
request shows the same link again although nothing of it is stored but hashes.
"""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from reception.domain.access import may
from reception.domain.actors import Officer, seat_of_guest
from reception.domain.errors import BadInput
from reception.domain.guests import (
    GuestEnd,
    GuestRole,
    GuestState,
    LinkFacts,
    Standing,
    WrongGuestState,
    standing_of,
)
from reception.domain.ids import CaseId, GuestId, VisitId, new_id
from reception.domain.policy import Action
from reception.domain.visits import VisitState
from reception.services.call_control import conducted
from reception.services.notes import Admitted, VisitChanged
from reception.services.visit import MAX_IN_CALL, CallFull
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing import Attendances, Guests
from reception.store.bringing_tables import AttendanceRow, GuestRow
from reception.store.signal_sessions import end_line_of
from reception.store.tables import ParticipantRow, VisitRow
from reception.store.vault import Vault
from reception.store.visits import Visits

CODE_DIGITS = 6
TITLE_MAX = 40
BY_LINK = "by_link"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens a link: the token in the address, the code by another way."""

    token: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GuestLine:
    """A link as the host of its visit sees it.

    Attributes:
        name: what the guest says to be called; empty before that.
        end: why the link is dead.
    """

    guest: GuestId
    role: str
    title: str
    state: GuestState
    end: GuestEnd | None
    name: str
    expires_at: datetime


def secrets_of(vault: Vault, guest: GuestId) -> Secrets:
    """Return a link's token (256 bits) and code again."""
    token = base64.urlsafe_b64encode(bytes.fromhex(vault.keyed_hash("guest_token", guest)))
    code = int(vault.keyed_hash("guest_code", guest), 16) % 10**CODE_DIGITS
    return Secrets(token.rstrip(b"=").decode(), f"{code:0{CODE_DIGITS}d}")


def token_hash(token: str) -> str:
    """Return what a token is found by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def code_hash(vault: Vault, guest: str, code: str) -> str:
    """Return what a typed code is compared with."""
    return vault.keyed_hash("guest_code_typed", f"{guest}\x1f{code}")


async def make(
    work: Work,
    actor: Officer,
    visit: VisitId,
    *,
    role: str,
    title: str,
    valid_for: timedelta,
    not_before: datetime | None = None,
) -> GuestRow:
    """Make a one-time link into the running call; it stands in the record from now on.

    Args:
        title: what the others read under the picture.
        valid_for: how long the link may be opened, from `not_before`, which is now by default.
    """
    may(actor, Action.INVITE)
    row = await conducted(work, actor, visit)
    _refuse_form(role, title)
    guest, opens = GuestId(new_id()), not_before or work.now
    opened_by = secrets_of(work.vault, guest)
    link = GuestRow(
        id=guest,
        visit_id=visit,
        role=role,
        title=title.strip(),
        token_hash=token_hash(opened_by.token),
        code_hash=code_hash(work.vault, guest, opened_by.code),
        not_before=opens,
        expires_at=opens + valid_for,
        made_by=actor.person,
        made_at=work.now,
    )
    work.session.add(link)
    await work.session.flush()
    work.session.add(
        AttendanceRow(
            id=new_id(),
            visit_id=visit,
            role=role,
            guest_id=guest,
            why=BY_LINK,
            asked_by=actor.person,
            asked_at=work.now,
        )
    )
    await Visits(work.session).note_event(visit, "guest_invited", at=work.now, role=role)
    await work.record(actor.seat, AuditAction.GUEST_LINK_MADE, row, reason=role)
    work.tell(VisitChanged(visit))
    return link


def _refuse_form(role: str, title: str) -> None:
    faults = {}
    if role not in set(GuestRole):
        faults["role"] = "unknown"
    if not title.strip():
        faults["title"] = "required"
    elif len(title.strip()) > TITLE_MAX:
        faults["title"] = "too_long"
    if faults:
        raise BadInput(faults)


async def revoke(work: Work, actor: Officer, visit: VisitId, guest: GuestId) -> None:
    """Kill a link whose guest is not in the call; who is in it is removed instead.

    Raises:
        WrongGuestState: the guest is in the call.
    """
    may(actor, Action.INVITE)
    row, link = await _of_visit(work, actor, visit, guest)
    standing = await standing_in(work, link)
    if standing.state is GuestState.ADMITTED:
        raise WrongGuestState
    if await end(work, link, GuestEnd.REVOKED):
        await work.record(actor.seat, AuditAction.GUEST_LINK_REVOKED, row)
        work.tell(VisitChanged(visit))


async def admit(work: Work, actor: Officer, visit: VisitId, guest: GuestId) -> None:
    """Let a guest who waits in the lobby into the call.

    Raises:
        WrongGuestState: the guest does not wait, or no longer.
        CallFull: no free place.
    """
    may(actor, Action.INVITE)
    row, link = await _of_visit(work, actor, visit, guest)
    standing = await standing_in(work, link)
    standing.refuse_dead()
    if standing.state is GuestState.ADMITTED:
        return
    visits, seat = Visits(work.session), seat_of_guest(guest)
    if len(await visits.participants(visit)) >= MAX_IN_CALL:
        raise CallFull
    if standing.state is not GuestState.LOBBY or not await Guests(work.session).admit(guest, at=work.now):
        raise WrongGuestState
    await visits.admit(visit, seat, role=link.role, at=work.now)
    asked = await Attendances(work.session).of_guest(guest)
    asked.accepted_at = work.now
    await visits.note_event(visit, "guest_admitted", at=work.now, role=link.role)
    await work.record(actor.seat, AuditAction.GUEST_ADMITTED, row, reason=link.role)
    work.tell(Admitted(visit, seat), VisitChanged(visit))


async def _of_visit(work: Work, actor: Officer, visit: VisitId, guest: GuestId) -> tuple[VisitRow, GuestRow]:
    row, link = await conducted(work, actor, visit), await Guests(work.session).get(guest)
    if link.visit_id != visit:
        raise WrongGuestState
    return row, link


async def end(work: Work, link: GuestRow, why: GuestEnd) -> bool:
    """End a link with everything that hangs on it on the wire; say whether it was alive.

    The sockets are closed by the caller, after the commit (`web.sockets.close_logins`).
    """
    if not await Guests(work.session).end(link.id, why, at=work.now):
        return False
    asked = await Attendances(work.session).of_guest(GuestId(link.id))
    asked.closed_at, asked.why_closed = work.now, "link_dead"
    await end_line_of(work.session, [link.id], at=work.now)
    return True


async def standing_in(work: Work, link: GuestRow) -> Standing:
    """Tell where a link stands now."""
    visit = await Visits(work.session).get(VisitId(link.visit_id))
    place = await Visits(work.session).participant(VisitId(link.visit_id), seat_of_guest(GuestId(link.id)))
    return standing_of(_facts(link, visit, place), work.now)


def _facts(link: GuestRow, visit: VisitRow, place: ParticipantRow | None) -> LinkFacts:
    return LinkFacts(
        not_before=link.not_before,
        expires_at=link.expires_at,
        redeemed_at=link.redeemed_at,
        proven_at=link.proven_at,
        waiting_at=link.waiting_at,
        admitted_at=link.admitted_at,
        why_ended=link.why_ended,
        is_removed=place is not None and place.removed_at is not None,
        visit=VisitState(visit.state),
    )


async def lines_of(work: Work, visits: Collection[VisitId]) -> list[GuestLine]:
    """Return the links of visits, oldest first, each with the name that its guest gave."""
    links = await Guests(work.session).of_visits(visits)
    rows = {
        row.id: row
        for row in (await work.session.scalars(select(VisitRow).where(VisitRow.id.in_(visits)))).all()
    }
    found = []
    for link in links:
        standing = await standing_in(work, link)
        found.append(
            GuestLine(
                guest=GuestId(link.id),
                role=link.role,
                title=link.title,
                state=standing.state,
                end=standing.end,
                name=await name_of(work, link, CaseId(rows[link.visit_id].case_id)),
                expires_at=link.expires_at,
            )
        )
    return found


async def name_of(work: Work, link: GuestRow, case: CaseId) -> str:
    """Return what a guest said to be called; empty before that."""
    if link.name_sealed is None:
        return ""
    return await work.open(link.name_sealed, case=case, table="guest", column="name", row=link.id)
