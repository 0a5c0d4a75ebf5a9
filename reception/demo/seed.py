"""Fills an empty database with the fictional county; a second run changes nothing but passwords."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pydantic import SecretStr
from sqlalchemy import select

from reception.demo import (
    attendances,
    conflicts,
    ledger,
    repeats,
    schedule_appointments,
    schedule_calendar,
    schedule_rosters,
    trail,
)
from reception.demo.calendar import office_date
from reception.demo.county import ACCOUNTS, COUNTY_NAME, County, Staff, county_of
from reception.demo.history import PastVisit, plan
from reception.demo.names import fixed_id
from reception.demo.trail import Link
from reception.domain.actors import seat_of_device
from reception.domain.ids import DeviceId, PersonId, PlaceId
from reception.robot.key import DeviceKey
from reception.services import reminders
from reception.services.accounts import set_password
from reception.services.device_keys import fingerprint_of
from reception.services.passwords import Passwords
from reception.services.work import OFFICE_TIME, Work
from reception.store.audit import AuditAction, AuditLog
from reception.store.engine import Sessions
from reception.store.tables import DeviceRow, PersonRow, PlaceRow, RoleGrantRow, UnitRow
from reception.store.vault import Vault

_SERVICE = "service"


class ForeignDatabaseError(RuntimeError):
    """The database holds another county; the demo must not be written beside real work."""


@dataclass(frozen=True, slots=True)
class Era:
    """The time that the history covers: from `begins_at` to `ends_at`, the evening before today."""

    begins_at: datetime
    ends_at: datetime

    @classmethod
    def before(cls, now: datetime) -> "Era":
        """Return the two calendar years before the present one, and the present one up to yesterday."""
        today = office_date(now)
        first = datetime.combine(today.replace(year=today.year - 2, month=1, day=1), time(8, 0), OFFICE_TIME)
        last = datetime.combine(today - timedelta(days=1), time(18, 0), OFFICE_TIME)
        return cls(first, last)


async def seed(
    sessions: Sessions,
    vault: Vault,
    audit: AuditLog,
    *,
    password: SecretStr,
    now: datetime,
    seed_number: int = 1,
    passwords: Passwords | None = None,
) -> bool:
    """Make the fictional county with its past visits, in one transaction, unless it is there already.

    A county that is there only gets a new password for its accounts, where `password` is another one.

    Args:
        now: the history ends the evening before.
        seed_number: the same number gives the same county, apart from keys, hashes and ciphertext.
        passwords: how passwords are hashed; the service's own way when absent.

    Returns:
        Whether the county was made now.

    Raises:
        ForeignDatabaseError: the database holds units of another county; nothing was written.
    """
    passwords = passwords or Passwords()
    known = await _known_hashes(sessions)
    if known is not None:
        plain = password.get_secret_value()
        # All of them have the same password, so one look is enough.
        if not await passwords.is_right(next(iter(known.values())), plain):
            renewed = await passwords.hash(plain)
            async with sessions.write.begin() as session:
                await _renew(Work(session, now, vault, audit), known, renewed)
        return False
    county = county_of(seed_number)
    history = plan(county, seed_number, office_date(now))
    hashes = await _hashes(county.staff, password, passwords)
    async with sessions.write.begin() as session:
        work = Work(session, now, vault, audit)
        await vault.check_keys(session)
        await _write(work, county, history, hashes, seed_number)
    return True


async def _known_hashes(sessions: Sessions) -> dict[PersonId, str] | None:
    """Return the accounts' password hashes, or None when the database is empty."""
    async with sessions.read() as session:
        names = set(await session.scalars(select(UnitRow.name).where(UnitRow.parent_id.is_(None))))
        if not names:
            return None
        if names != {COUNTY_NAME}:
            raise ForeignDatabaseError
        accounts = {username for username, *_ in ACCOUNTS}
        query = select(PersonRow.id, PersonRow.password_hash).where(PersonRow.username.in_(accounts))
        query = query.order_by(PersonRow.username)
        return {PersonId(person): kept for person, kept in await session.execute(query)}


async def _renew(work: Work, people: Iterable[PersonId], password_hash: str) -> None:
    for person in people:
        await set_password(work, None, person, password_hash)


async def _hashes(staff: Sequence[Staff], password: SecretStr, passwords: Passwords) -> dict[PersonId, str]:
    """Hash the password of the accounts; the others get the hash of a secret that nobody knows.

    One hash serves all accounts: that they share a password is what the demo says of itself.
    """
    everybodys, nobodys = await asyncio.gather(
        passwords.hash(password.get_secret_value()), passwords.hash(secrets.token_urlsafe(32))
    )
    return {person.id: everybodys if person.has_account else nobodys for person in staff}


async def _write(
    work: Work,
    county: County,
    history: Sequence[PastVisit],
    hashes: dict[PersonId, str],
    seed_number: int,
) -> None:
    era = Era.before(work.now)
    work.session.add_all(
        UnitRow(id=unit.id, parent_id=unit.parent, kind=unit.kind, name=unit.name, position=unit.position)
        for unit in county.units  # parents first
    )
    await work.session.flush()
    work.session.add_all(
        PlaceRow(id=room.id, code=room.code, name=room.name, unit_id=room.unit) for room in county.rooms
    )
    links = _add_staff(work, county, hashes, era)
    await work.session.flush()
    work.session.add_all(RoleGrantRow(person_id=person.id, role=person.role) for person in county.staff)
    devices, device_links = _add_retired_devices(work, county, seed_number, era)
    await work.session.flush()
    links += device_links
    links += await ledger.write(work, history, seed_number, devices)
    links += await repeats.write(work, county, seed_number)
    await schedule_calendar.write(work, county)
    links += await schedule_rosters.write(work, county, seed_number)
    links += await schedule_appointments.write(work, county, seed_number)
    await reminders.plan_reminders(work)
    links += await conflicts.write(work, county, seed_number)
    links += await attendances.write(work, county, seed_number)
    await trail.append(work, links)


def _add_staff(work: Work, county: County, hashes: dict[PersonId, str], era: Era) -> list[Link]:
    links = []
    for person in county.staff:
        work.session.add(
            PersonRow(
                id=person.id,
                username=person.username,
                name=person.name,
                post=person.post,
                unit_id=person.unit,
                password_hash=hashes[person.id],
                created_at=era.begins_at,
            )
        )
        at = era.begins_at
        links += [
            Link(at, _SERVICE, AuditAction.PERSON_CREATED, "person", person.id),
            Link(at, _SERVICE, AuditAction.ROLE_GRANTED, "person", person.id, reason=person.role),
        ]
    return links


def _add_retired_devices(
    work: Work, county: County, seed_number: int, era: Era
) -> tuple[dict[PlaceId, DeviceId], list[Link]]:
    """Add the terminals that the past visits took place at.

    They are out of service and nobody holds their keys, so every room is free for a new terminal.
    """
    devices, links = {}, []
    for room in county.rooms:
        device = DeviceId(fixed_id(seed_number, "device", room.code))
        devices[room.id] = device
        key = DeviceKey.fresh().canonical_jwk
        work.session.add(
            DeviceRow(
                id=device,
                place_id=room.id,
                name=f"{room.code}旧终端",
                public_key=key,
                fingerprint=fingerprint_of(key),
                roll_hash=hashlib.sha256(secrets.token_bytes(32)).hexdigest(),
                enrolled_at=era.begins_at,
                revoked_at=era.ends_at,
            )
        )
        links += [
            Link(era.begins_at, seat_of_device(device), AuditAction.DEVICE_ENROLLED, "device", device),
            Link(era.ends_at, _SERVICE, AuditAction.DEVICE_REVOKED, "device", device),
        ]
    return devices, links
