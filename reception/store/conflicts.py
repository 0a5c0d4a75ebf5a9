"""Rows that conflicts of interest depend on: read for the rule, changed by conditional statements."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.conflicts import Accusation, Accused, Posting, Relative, Staff, UnitTree, plain_name
from reception.domain.ids import CaseId, PersonId
from reception.domain.recusal import Decision, Origin
from reception.store.conflict_tables import AccusedRow, PostingRow, RecusalRow, RelativeRow
from reception.store.rows import takes
from reception.store.tables import PersonRow, UnitRow
from reception.store.vault import Vault

_TOKEN_BYTES = 16


class Conflicts:
    """Queries and conditional updates within one open session."""

    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session, self._vault = session, vault

    async def tree(self) -> UnitTree:
        """Return the county's units."""
        rows = (await self._session.execute(select(UnitRow.id, UnitRow.parent_id, UnitRow.kind))).all()
        return UnitTree({unit: parent for unit, parent, _ in rows}, {unit: kind for unit, _, kind in rows})

    async def staff(self, people: Collection[str] | None = None) -> list[Staff]:
        """Return what the rule needs to know of these people, of the whole staff by default."""
        wanted = select(PersonRow.id, PersonRow.name, PersonRow.unit_id)
        postings, relatives = select(PostingRow), select(RelativeRow)
        if people is not None:
            wanted = wanted.where(PersonRow.id.in_(people))
            postings = postings.where(PostingRow.person_id.in_(people))
            relatives = relatives.where(RelativeRow.person_id.in_(people))
        posts: dict[str, list[Posting]] = {}
        for post in (await self._session.scalars(postings)).all():
            posts.setdefault(post.person_id, []).append(Posting(post.unit_id, post.since_on, post.to_on))
        kin: dict[str, list[Relative]] = {}
        for row in (await self._session.scalars(relatives)).all():
            kin.setdefault(row.person_id, []).append(Relative(row.unit_id, self.name_of(row)))
        return [
            Staff(person, name, unit, tuple(posts.get(person, ())), tuple(kin.get(person, ())))
            for person, name, unit in await self._session.execute(wanted)
        ]

    def name_of(self, row: RelativeRow) -> str:
        """Open the name of a declared relative; empty where none was given."""
        if row.name_sealed is None:
            return ""
        return self._vault.open_service(
            table="relative", column="name", row_id=row.id, sealed=row.name_sealed
        )

    async def accusations(
        self, tree: UnitTree, staff: Iterable[Staff], cases: Collection[str] | None = None
    ) -> dict[str, Accusation]:
        """Return what speaks against whom, by case; cases that nothing was entered for are left out.

        Args:
            staff: the people to be judged: a person's token is only recognised among their names and those
                of their relatives, as a name can not be read out of its token.
            cases: only these; every case by default.
        """
        accused = select(AccusedRow.case_id, AccusedRow.kind, AccusedRow.token).where(
            AccusedRow.removed_at.is_(None)
        )
        recused = select(RecusalRow.case_id, RecusalRow.person_id).where(in_force())
        if cases is not None:
            accused = accused.where(AccusedRow.case_id.in_(cases))
            recused = recused.where(RecusalRow.case_id.in_(cases))
        entered: dict[str, list[tuple[str, str]]] = {}
        for case, kind, token in await self._session.execute(accused):
            entered.setdefault(case, []).append((kind, token))
        out: dict[str, set[str]] = {}
        for case, person in await self._session.execute(recused):
            out.setdefault(case, set()).add(person)
        units = tuple(sorted(tree.parents))
        names = tuple(sorted(_names(staff)))
        return {
            case: Accusation(
                self._read(case, entered.get(case, ()), units, names), frozenset(out.get(case, ()))
            )
            for case in entered.keys() | out.keys()
        }

    def _read(
        self, case: str, entered: Iterable[tuple[str, str]], units: tuple[str, ...], names: tuple[str, ...]
    ) -> Accused:
        key = self._key(case)
        unit_tokens = _tokens(key, "unit", units)
        name_tokens = {_token(key, "person", name): name for name in names}
        found_units, found_names, is_whole = set(), set(), True
        for kind, token in entered:
            if kind == "unit":
                unit = unit_tokens.get(token)
                is_whole = is_whole and unit is not None
                found_units.add(unit or "")
            elif token in name_tokens:
                found_names.add(name_tokens[token])
        return Accused(frozenset(found_units), frozenset(found_names), is_whole)

    def token(self, case: CaseId, kind: str, value: str) -> str:
        """Return the keyed hash under which a unit's id or a person's name is kept for one case."""
        return _token(self._key(case), kind, plain_name(value) if kind == "person" else value)

    def _key(self, case: str) -> bytes:
        return bytes.fromhex(self._vault.keyed_hash("accused", case))

    # Who is accused

    async def add_accused(self, row: AccusedRow) -> bool:
        """Keep a row; False when the same is entered already."""
        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            return False
        return True

    async def accused_of(self, case: CaseId) -> Sequence[AccusedRow]:
        """Return what is entered on a case and was not taken back, oldest first."""
        query = (
            select(AccusedRow)
            .where(AccusedRow.case_id == case, AccusedRow.removed_at.is_(None))
            .order_by(AccusedRow.entered_at, AccusedRow.kind.desc(), AccusedRow.id)
        )
        return (await self._session.scalars(query)).all()

    async def remove_accused(self, accused: str, case: CaseId, *, by: PersonId, at: datetime) -> bool:
        """Take an entry back; False when there is none, or somebody was quicker."""
        return await takes(
            self._session,
            update(AccusedRow)
            .where(AccusedRow.id == accused, AccusedRow.case_id == case, AccusedRow.removed_at.is_(None))
            .values(removed_by=by, removed_at=at)
            .execution_options(synchronize_session="fetch"),
        )

    # Recusals

    async def add_recusal(self, row: RecusalRow) -> bool:
        """Keep a row; False when one that binds or waits for its decision is there already."""
        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            return False
        return True

    async def decide_recusal(self, recusal: str, decision: str, *, by: PersonId, at: datetime) -> bool:
        """Decide a recusal that nobody has decided yet; of two who press, one does."""
        return await takes(
            self._session,
            update(RecusalRow)
            .where(RecusalRow.id == recusal, RecusalRow.decision.is_(None))
            .values(decision=decision, decided_by=by, decided_at=at)
            .execution_options(synchronize_session="fetch"),
        )


def in_force() -> ColumnElement[bool]:
    """Say which recusals bind: one's own word from the moment it is given, a visitor's wish once granted."""
    own = RecusalRow.origin.in_((Origin.OWN, Origin.ABOVE)) & RecusalRow.decision.is_(None)
    return or_(own, RecusalRow.decision == Decision.GRANTED)


def _names(staff: Iterable[Staff]) -> Iterable[str]:
    for one in staff:
        yield plain_name(one.name)
        yield from (plain_name(relative.name) for relative in one.relatives if relative.name)


@lru_cache(maxsize=4096)
def _tokens(key: bytes, kind: str, values: tuple[str, ...]) -> Mapping[str, str]:
    """Return the tokens of a case's possible values: a ledger asks for the same ones again and again."""
    return {_token(key, kind, value): value for value in values}


def _token(key: bytes, kind: str, value: str) -> str:
    return hashlib.blake2b(f"{kind}\0{value}".encode(), key=key, digest_size=_TOKEN_BYTES).hexdigest()
