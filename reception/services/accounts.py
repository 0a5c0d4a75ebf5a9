"""Accounts of staff: making one, its password, its roles.

Without an actor it is the command line or the demo that acts, on the machine itself.
"""

from dataclasses import dataclass

from sqlalchemy import delete, select

from reception.domain.access import may
from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotFound
from reception.domain.identity import BadIdentity, normal_name
from reception.domain.ids import PersonId, new_id
from reception.domain.policy import Action
from reception.domain.roles import Role, refuse_role_mix
from reception.services.people import end_sessions
from reception.services.shifts import leave_duty
from reception.services.work import Work
from reception.store.audit import AuditAction
from reception.store.rows import takes
from reception.store.tables import PersonRow, RoleGrantRow, UnitRow

_SERVICE = "service"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """An account to be made.

    Attributes:
        password_hash: from `Passwords.hash`, made before the transaction.
    """

    username: str
    name: str
    post: str
    unit: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """An account as administrators see it."""

    person: PersonId
    username: str
    name: str
    post: str
    unit: str
    roles: frozenset[Role]
    is_active: bool
    has_totp: bool


async def create_person(work: Work, actor: Officer | None, new: NewPerson) -> PersonId:
    """Make an account without any role.

    Raises:
        BadInput: a field does not hold, or the user name is taken.
    """
    if actor is not None:
        may(actor, Action.CREATE_PERSON)
    username, faults = new.username.strip().casefold(), {}
    if not (2 <= len(username) <= 32 and username.isascii() and username.replace(".", "").isalnum()):
        faults["username"] = "username_format"
    elif await work.session.scalar(select(PersonRow.id).where(PersonRow.username == username)):
        faults["username"] = "username_taken"
    if await work.session.get(UnitRow, new.unit) is None:
        faults["unit"] = "required"
    for field, typed in (("name", new.name), ("post", new.post)):
        try:
            normal_name(typed)
        except BadIdentity as fault:
            faults[field] = fault.code
    if faults:
        raise BadInput(faults)
    person = PersonRow(
        id=new_id(),
        username=username,
        name=normal_name(new.name),
        post=normal_name(new.post),
        unit_id=new.unit,
        password_hash=new.password_hash,
        created_at=work.now,
    )
    work.session.add(person)
    await work.session.flush()
    await _note(work, actor, AuditAction.PERSON_CREATED, person.id)
    return PersonId(person.id)


async def set_password(
    work: Work, actor: Officer | None, person: PersonId, password_hash: str
) -> tuple[str, ...]:
    """Replace a password: one's own, or as system administrator another's.

    Returns:
        Ids of the sessions that ended with the old password, for their sockets to be closed.
    """
    if actor is not None and actor.person != person:
        may(actor, Action.CREATE_PERSON)
    row = await _person(work, person)
    row.password_hash, row.failures, row.locked_until = password_hash, 0, None
    await _note(work, actor, AuditAction.PASSWORD_SET, person)
    return await _sign_out_everywhere(work, actor, person)


async def set_active(work: Work, actor: Officer, person: PersonId, *, active: bool) -> tuple[str, ...]:
    """Open or close an account; return the ids of the sessions that end with it."""
    may(actor, Action.CREATE_PERSON)
    row = await _person(work, person)
    row.is_active = active
    action = AuditAction.PERSON_ACTIVATED if active else AuditAction.PERSON_DEACTIVATED
    await _note(work, actor, action, person)
    return () if active else await _sign_out_everywhere(work, actor, person)


async def grant_role(work: Work, actor: Officer | None, person: PersonId, role: Role) -> None:
    """Give a role to somebody; idempotent.

    Raises:
        RoleMix: with the roles that the person holds already (三员分立).
    """
    if actor is not None:
        may(actor, Action.GRANT_ROLE)
    await _person(work, person)
    held = await roles_of(work, person)
    if role in held:
        return
    refuse_role_mix({*held, role})
    work.session.add(RoleGrantRow(person_id=person, role=role))
    await work.session.flush()
    await _note(work, actor, AuditAction.ROLE_GRANTED, person, role)


async def revoke_role(work: Work, actor: Officer, person: PersonId, role: Role) -> tuple[str, ...]:
    """Take a role away; return the ids of the sessions that end, because they were opened with it."""
    may(actor, Action.GRANT_ROLE)
    statement = delete(RoleGrantRow).where(RoleGrantRow.person_id == person, RoleGrantRow.role == role)
    if not await takes(work.session, statement):
        return ()
    await _note(work, actor, AuditAction.ROLE_REVOKED, person, role)
    return await _sign_out_everywhere(work, actor, person)


async def roles_of(work: Work, person: PersonId) -> frozenset[Role]:
    """Return the roles that a person holds."""
    rows = await work.session.scalars(select(RoleGrantRow.role).where(RoleGrantRow.person_id == person))
    return frozenset(Role(role) for role in rows)


async def list_people(work: Work, actor: Officer) -> list[PersonLine]:
    """Return every account, by user name."""
    may(actor, Action.LIST_PEOPLE)
    roles: dict[str, set[Role]] = {}
    for grant in await work.session.scalars(select(RoleGrantRow)):
        roles.setdefault(grant.person_id, set()).add(Role(grant.role))
    return [
        PersonLine(
            person=PersonId(row.id),
            username=row.username,
            name=row.name,
            post=row.post,
            unit=row.unit_id,
            roles=frozenset(roles.get(row.id, ())),
            is_active=row.is_active,
            has_totp=row.totp_sealed is not None,
        )
        for row in await work.session.scalars(select(PersonRow).order_by(PersonRow.username))
    ]


async def _sign_out_everywhere(work: Work, actor: Officer | None, person: PersonId) -> tuple[str, ...]:
    """End every session of a person, and the shift that nobody could sit any more."""
    await leave_duty(work, person, by=_name_of(actor))
    return await end_sessions(work, person)


async def _person(work: Work, person: PersonId) -> PersonRow:
    row = await work.session.get(PersonRow, person, with_for_update=True)
    if row is None:
        raise NotFound
    return row


async def _note(
    work: Work, actor: Officer | None, action: AuditAction, person: str, role: Role | None = None
) -> None:
    await work.record_about(_name_of(actor), action, "person", person, reason=role)


def _name_of(actor: Officer | None) -> str:
    """Name who acts, for the audit trail."""
    return actor.seat if actor else _SERVICE
