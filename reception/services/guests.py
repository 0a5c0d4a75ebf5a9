"""One-time links from the guest's side: opened once, bound to a browser, proved by a code, then the lobby.

Wrong codes are counted in the database, attempts of an address in memory.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from reception.domain.access import may
from reception.domain.actors import Guest, seat_of_guest
from reception.domain.errors import BadInput
from reception.domain.guests import (
    CODE_TRIES,
    CodeWrong,
    GuestEnd,
    GuestState,
    LinkDead,
    LinkEarly,
    LinkUnknown,
    LinkUsed,
    Standing,
    WrongGuestState,
)
from reception.domain.ids import GuestId, VisitId
from reception.domain.policy import Action
from reception.services.denials import Denied, TooManyAttempts
from reception.services.guest_links import code_hash, end, standing_in, token_hash
from reception.services.intake import seal_content
from reception.services.notes import VisitChanged
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.bringing import Guests
from reception.store.bringing_tables import GuestRow
from reception.store.tables import PersonRow
from reception.store.visits import Visits
from signaling.ids import SeatId

PER_ADDRESS = RateLimitItemPerMinute(30, 5)  # an office shares one address
PER_LINK = RateLimitItemPerMinute(10, 5)
# A browser whose answer got lost may ask again, with what it alone knows.
ASKS_AGAIN_FOR = timedelta(minutes=2)
NAME_MAX = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that is now bound to a browser.  `secret` goes into its cookie and is kept nowhere."""

    secret: str = field(repr=False)
    guest: GuestId


@dataclass(frozen=True, slots=True)
class GuestView:
    """What a guest's page shows.

    Attributes:
        host: name and post of who asks; None before the code was right.
        tries: how often the code may still be typed.
    """

    state: GuestState
    end: GuestEnd | None
    seat: SeatId
    room: VisitId
    title: str
    host_name: str
    host_post: str
    tries: int
    live: bool


class GuestDoor:
    """Where one-time links are redeemed; counts attempts in memory."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def redeem(self, work: Work, *, token: str, browser: str, address: str) -> Opened | Denied:
        """Bind a link to the browser that opened it first.

        Args:
            browser: random, known to this browser alone; with it a lost answer is asked for again.
            address: network address that the attempt came from.

        Returns:
            Denied with LinkUnknown, LinkEarly, LinkUsed or LinkDead.
        """
        self._count(PER_ADDRESS, f"address:{address}")
        self._count(PER_LINK, f"link:{token_hash(token)}")
        link = await Guests(work.session).by_token(token_hash(token))
        if link is None:
            return Denied(LinkUnknown())
        standing = await standing_in(work, link)
        if standing.end is not None:
            return await _refused(work, link, LinkDead(standing.end))
        if work.now < link.not_before:
            return Denied(LinkEarly())
        secret = work.vault.keyed_hash("guest_browser", f"{link.id}\x1f{browser}")
        if await Guests(work.session).bind(link.id, _digest(secret), at=work.now):
            visit = await Visits(work.session).get(VisitId(link.visit_id))
            await work.record(seat_of_guest(GuestId(link.id)), AuditAction.GUEST_LINK_OPENED, visit)
            work.tell(VisitChanged(VisitId(link.visit_id)))
            return Opened(secret, GuestId(link.id))
        await work.session.refresh(link)
        if _asks_again(link, secret, work.now):
            return Opened(secret, GuestId(link.id))
        return await _refused(work, link, LinkUsed())

    async def prove(self, work: Work, actor: Guest, code: str) -> GuestView | Denied:
        """Take the six digits that the host gave by another way; the fifth wrong try ends the link.

        Returns:
            Denied with CodeWrong, or with LinkDead after the last try.
        """
        may(actor, Action.COME_BY_LINK)
        self._count(PER_LINK, f"code:{actor.guest}")
        guests, link = Guests(work.session), await Guests(work.session).get(actor.guest)
        standing = await standing_in(work, link)
        if standing.end is not None:
            return Denied(LinkDead(standing.end))
        if standing.state is GuestState.CODE:
            typed = code_hash(work.vault, link.id, code.strip())
            if not hmac.compare_digest(typed, link.code_hash):
                return await _count_failure(work, link)
            if not await guests.prove(link.id, at=work.now):
                raise WrongGuestState
            work.tell(VisitChanged(actor.visit))
        return await view(work, actor)

    def _count(self, limit: RateLimitItem, name: str) -> None:
        if not self._limiter.hit(limit, name):
            raise TooManyAttempts


def _asks_again(link: GuestRow, secret: str, now: datetime) -> bool:
    return (
        link.secret_hash == _digest(secret)
        and link.proven_at is None
        and link.redeemed_at is not None
        and now - link.redeemed_at <= ASKS_AGAIN_FOR
    )


async def _refused(work: Work, link: GuestRow, refusal: LinkUsed | LinkDead) -> Denied:
    """Write down that a link was opened again, or too late: somebody may have got hold of it."""
    visit = await Visits(work.session).get(VisitId(link.visit_id))
    await work.record("unknown", AuditAction.GUEST_LINK_REFUSED, visit, reason=refusal.code)
    return Denied(refusal)


async def _count_failure(work: Work, link: GuestRow) -> Denied:
    await Guests(work.session).fail_code(link.id)
    await work.session.refresh(link)
    if link.code_failures < CODE_TRIES:
        return Denied(CodeWrong())
    if await end(work, link, GuestEnd.CODE_SPENT):
        visit = await Visits(work.session).get(VisitId(link.visit_id))
        refusal = LinkDead(GuestEnd.CODE_SPENT)
        await work.record("unknown", AuditAction.GUEST_LINK_REFUSED, visit, reason=refusal.code)
        work.tell(VisitChanged(VisitId(link.visit_id)))
    return Denied(LinkDead(GuestEnd.CODE_SPENT))


async def authenticate(work: Work, secret: str) -> Guest | None:
    """Return whose browser a cookie is of; whether the link still lives is asked where it matters."""
    link = await Guests(work.session).by_secret(_digest(secret))
    return Guest(GuestId(link.id), VisitId(link.visit_id)) if link is not None else None


async def wait(work: Work, actor: Guest, name: str) -> GuestView:
    """Say who one is and wait in the lobby.

    Raises:
        LinkDead: the link is over.
        WrongGuestState: the code has not been right yet.
    """
    may(actor, Action.COME_BY_LINK)
    link = await Guests(work.session).get(actor.guest)
    (standing := await standing_in(work, link)).refuse_dead()
    if not name.strip() or len(name.strip()) > NAME_MAX:
        raise BadInput({"name": "too_long" if name.strip() else "required"})
    if standing.state is GuestState.NAME:
        visit = await Visits(work.session).get(actor.visit)
        sealed = await seal_content(work, visit, "guest", "name", link.id, name)
        if not await Guests(work.session).wait(link.id, sealed, at=work.now):
            raise WrongGuestState
        await Visits(work.session).note_event(actor.visit, "guest_waiting", at=work.now, role=link.role)
        await work.record(actor.seat, AuditAction.GUEST_WAITING, visit)
        work.tell(VisitChanged(actor.visit))
    elif standing.state is GuestState.CODE:
        raise WrongGuestState
    return await view(work, actor)


async def refuse_unless_waiting(work: Work, actor: Guest) -> Standing:
    """Let a guest on the line who is in the lobby or in the call, and nobody else.

    Raises:
        LinkDead, WrongGuestState
    """
    may(actor, Action.COME_BY_LINK)
    standing = await standing_in(work, await Guests(work.session).get(actor.guest))
    standing.refuse_dead()
    if standing.state not in (GuestState.LOBBY, GuestState.ADMITTED):
        raise WrongGuestState
    return standing


async def view(work: Work, actor: Guest) -> GuestView:
    """Return what a guest's page shows; who asks is said only once the code was right."""
    link = await Guests(work.session).get(actor.guest)
    await work.session.refresh(link)
    standing = await standing_in(work, link)
    is_proven = standing.state in (GuestState.NAME, GuestState.LOBBY, GuestState.ADMITTED)
    host = await work.session.get_one(PersonRow, link.made_by)
    visit = await Visits(work.session).get(actor.visit)
    return GuestView(
        state=standing.state,
        end=standing.end,
        seat=actor.seat,
        room=actor.visit,
        title=link.title if is_proven else "",
        host_name=host.name if is_proven else "",
        host_post=host.post if is_proven else "",
        tries=max(0, CODE_TRIES - link.code_failures),
        live=visit.state == "in_call",
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
