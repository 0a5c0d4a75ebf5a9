"""The identity vault in use: who came is sealed here, and leaves only through `domain.redaction`."""

from collections.abc import Sequence

from sqlalchemy import select

from reception.domain.ids import new_id
from reception.domain.matching import sound_keys
from reception.domain.redaction import Level, Person, shown
from reception.domain.registration import Visitor
from reception.services.work import Work
from reception.store.repeat_tables import IdentityTokenRow
from reception.store.tables import IdentityRow, VisitRow
from reception.store.vault import Purpose, Vault

ShownPerson = Person


async def keep_people(
    work: Work, visit: VisitRow, petitioner: Visitor, representatives: Sequence[Visitor]
) -> None:
    """Seal who came, under the case's identity key."""
    people = [("petitioner", petitioner), *(("representative", person) for person in representatives)]
    tokens = []
    for position, (role, person) in enumerate(people):
        row = await _sealed_row(work, visit, position, role, person)
        work.session.add(row)
        tokens += [(row.id, token) for token in sound_tokens(work.vault, person.name)]
    await work.session.flush()  # a token refers to its identity
    work.session.add_all(IdentityTokenRow(identity_id=row_id, token=token) for row_id, token in tokens)


def sound_tokens(vault: Vault, name: str) -> list[str]:
    """Return keyed hashes of how a name sounds: they find candidates for a comparison, and prove nothing."""
    return sorted(vault.blind_index("name_sound", key) for key in sound_keys(name))


async def _sealed_row(work: Work, visit: VisitRow, position: int, role: str, person: Visitor) -> IdentityRow:
    row_id = new_id()

    async def seal(column: str, text: str) -> str | None:
        if not text:
            return None
        return await work.seal(
            text, case=visit.case_id, table="identity", column=column, row=row_id, purpose=Purpose.IDENTITY
        )

    def index(kind: str, text: str) -> str | None:
        return work.vault.blind_index(kind, text) if text else None

    return IdentityRow(
        id=row_id,
        case_id=visit.case_id,
        visit_id=visit.id,
        role=role,
        position=position,
        name_sealed=await seal("name", person.name),
        id_number_sealed=await seal("id_number", person.id_number),
        phone_sealed=await seal("phone", person.phone),
        address_sealed=await seal("address", person.address),
        id_number_index=index("id_number", person.id_number),
        phone_index=index("phone", person.phone),
    )


async def people_of(work: Work, visit: VisitRow, level: Level) -> list[ShownPerson]:
    """Return who came, as far as `level` shows it; nothing is opened that is not shown."""
    if level is Level.NONE:
        return []
    query = select(IdentityRow).where(IdentityRow.visit_id == visit.id).order_by(IdentityRow.position)
    return [shown(await opened(work, row), level) for row in (await work.session.scalars(query)).all()]


async def opened(work: Work, row: IdentityRow) -> Person:
    """Return an identity whole: to be shown through `domain.redaction`, or to be compared in memory."""

    async def plain(column: str, sealed: str | None) -> str:
        if sealed is None:
            return ""
        return await work.open(
            sealed, case=row.case_id, table="identity", column=column, row=row.id, purpose=Purpose.IDENTITY
        )

    return Person(
        role=row.role,
        name=await plain("name", row.name_sealed),
        id_number=await plain("id_number", row.id_number_sealed),
        phone=await plain("phone", row.phone_sealed),
        address=await plain("address", row.address_sealed),
    )
