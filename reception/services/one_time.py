"""One-time codes by the clock (RFC 6238): setting one up, taking one, removing it."""

import hmac
from dataclasses import dataclass, field

import pyotp
from sqlalchemy import update

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import NotFound, Refusal
from reception.domain.ids import PersonId
from reception.domain.policy import Action
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.rows import takes
from reception.store.tables import PersonRow
from reception.store.vault import SealBroken

STEP_S = 30
_DRIFT = (-1, 0, 1)  # a telephone's clock may be half a minute off
_ISSUER = "Reception"


class OneTimeCodeWrong(Refusal):
    """The code does not belong to the secret that was offered."""

    code = "totp_wrong"


@dataclass(frozen=True, slots=True)
class Offer:
    """A new secret, not in force before a code made from it comes back.

    Attributes:
        uri: for the QR code.
        sealed: the secret as the page sends it back; opens for this person only.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    sealed: str = field(repr=False)


def offer(work: Work, actor: Officer) -> Offer:
    """Make a secret for the actor's own account."""
    secret = pyotp.random_base32()
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.username, issuer_name=_ISSUER)
    sealed = work.vault.seal_service(table="person", column="totp_offer", row_id=actor.person, text=secret)
    return Offer(secret, uri, sealed)


async def confirm(work: Work, actor: Officer, *, sealed: str, code: str) -> None:
    """Put an offered secret in force, once a code proves that the telephone has it."""
    try:
        secret = work.vault.open_service(
            table="person", column="totp_offer", row_id=actor.person, sealed=sealed
        )
    except SealBroken:
        raise OneTimeCodeWrong from None
    step = _step_of(secret, code, int(work.now.timestamp()))
    if step is None:
        raise OneTimeCodeWrong
    row = await work.session.get_one(PersonRow, actor.person)
    row.totp_sealed = work.vault.seal_service(table="person", column="totp", row_id=actor.person, text=secret)
    row.totp_last_step = step  # the code that confirmed does not sign in as well
    await _note(work, actor.seat, AuditAction.TOTP_ENROLLED, actor.person)


async def remove(work: Work, actor: Officer, person: PersonId) -> None:
    """Take the one-time password off an account whose telephone is lost."""
    may(actor, Action.GRANT_ROLE)
    row = await work.session.get(PersonRow, person)
    if row is None:
        raise NotFound
    row.totp_sealed = None
    await _note(work, actor.seat, AuditAction.TOTP_REMOVED, person)


async def take_code(work: Work, person: PersonRow, code: str) -> bool:
    """Use a code up; say whether it was right and new.

    The step is moved by one conditional statement, so a code that is typed on
    two machines in the same second opens one of them.
    """
    if person.totp_sealed is None:
        return False
    secret = work.vault.open_service(
        table="person", column="totp", row_id=person.id, sealed=person.totp_sealed
    )
    step = _step_of(secret, code, int(work.now.timestamp()))
    if step is None:
        return False
    statement = (
        update(PersonRow)
        .where(PersonRow.id == person.id, PersonRow.totp_last_step < step)
        .values(totp_last_step=step)
    )
    return await takes(work.session, statement)


def _step_of(secret: str, code: str, now_s: int) -> int | None:
    """Return the step whose code was typed, or None; every step is compared, whichever matches."""
    typed = code.replace(" ", "").encode()
    totp = pyotp.TOTP(secret)
    matching = [
        now_s // STEP_S + drift
        for drift in _DRIFT
        if hmac.compare_digest(totp.at(now_s, counter_offset=drift).encode(), typed)
    ]
    return matching[-1] if matching else None


async def _note(work: Work, actor: str, action: AuditAction, person: str) -> None:
    await work.record_about(actor, action, "person", person)
