"""Whoever is accused can not tell from anything they are told who came, or that somebody came at all.

The same story is run twice, the two runs differing in what must not be learnt, and what the accounts of the
accused unit were told is compared line by line, frames, headers and lengths included.
"""

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event

from reception.domain.actors import Officer
from reception.domain.ids import PersonId, PlaceId, VisitId, new_id
from reception.domain.registration import Matter, Registration
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.keys import EDGE
from reception.services import accused, desk, record, views
from reception.services.conflicts import Barred
from reception.services.work import Work
from reception.store.tables import PlaceRow, UnitRow
from signaling.ids import RoomId
from signaling.messages import Join, Ping, Queue, Refused, Result, Ring, RingStopped, ServerMessage
from tests.signaling.peers import ScriptedPeer, a_uuid
from tests.support.clients import House, OfficerClient, TerminalClient, a_declaration, a_house
from tests.support.factories import FrozenClock, MadeVisit, a_form, an_id_number
from tests.support.transcripts import DESKS, PATHS, Transcript, differences

NOBODYS = "XF2026-99998"
FEW = ("/api/v1/cases", "/api/v1/desk")  # enough for a leak that is known to be there


@dataclass(frozen=True, slots=True)
class Secret:
    """What the two runs of a story differ in.

    Attributes:
        where: `here` in the accused township, `elsewhere` in another one and about that one, or `nowhere`.
    """

    form: Registration
    where: str = "here"


FIRST = Secret(a_form(name="王甲", matters=[Matter("report", "镇里的账目不公开。")], direct=True))
SECOND = Secret(
    a_form(
        name="欧阳乙丙",
        id_number=an_id_number(7),
        phone="13800000777",
        address="河西村九组",
        matters=[Matter("report", "村支书占了集体的地，来了三次没有人管，证据在女儿家里。")],
        direct=True,
    )
)
ELSEWHERE, NOWHERE = replace(FIRST, where="elsewhere"), replace(FIRST, where="nowhere")


@dataclass(slots=True)
class Accounts:
    """Who listens: the accused township's officer, a duty officer who was there, a liaison under it."""

    local: OfficerClient
    barred: OfficerClient
    line: ScriptedPeer
    liaison: OfficerClient
    told: dict[str, Transcript]

    async def look(self, made: MadeVisit | None, *, is_quiet: bool) -> None:
        """Open and press everything, the guessed visit included.

        Args:
            is_quiet: nobody is in a call. Desks show who is: so does a closed door in the corridor.
        """
        visit = made.id if made else VisitId(self.guess)
        number = made.case_number if made else NOBODYS
        clients = {"local": self.local, "liaison": self.liaison, "barred": self.barred}
        for name, told in self.told.items():
            client = clients[name]
            told.masks = {visit: "<visit>", number: "<case>"}
            await told.ask(client, (*self.open_pages(is_quiet=is_quiet), *_guesses(visit, number)))
            await told.press(client, _deeds(visit, number))
        await self.hear()

    guess: str = "A" * 22
    pages: Sequence[str] = ()

    def open_pages(self, *, is_quiet: bool) -> list[str]:
        """Return the pages that may be compared now."""
        return [path for path in self.pages if is_quiet or path not in DESKS]

    async def hear(self) -> None:
        """Write down every frame that has come by now."""
        answer = await self.line.command(Join(id=a_uuid(), room=RoomId(self.guess)))
        assert isinstance(answer, Refused)
        if "barred" in self.told:
            heard = [
                msgspec.to_builtins(message) for message in self.line.seen if not isinstance(message, Ping)
            ]
            # Bells and views travel separately: which of them is first is chance.
            for frame in sorted(json.dumps({**frame, "seq": 0}, ensure_ascii=False) for frame in heard):
                self.told["barred"].note("frame", frame)
        self.line.seen.clear()


def _guesses(visit: str, number: str) -> Iterable[str]:
    for what in ("", "/snapshot", "/quality", "/draft", "/accused"):
        yield f"/api/v1/visits/{visit}{what}"
    yield f"/api/v1/cases/{number}"
    yield f"/api/v1/cases?q={number}"
    yield f"/cases/{number}"


def _deeds(visit: str, number: str) -> Iterable[tuple[str, object]]:
    for deed in ("answer", "join", "decline", "end"):
        yield f"/api/v1/visits/{visit}/{deed}", {}
    yield f"/api/v1/visits/{visit}/recusal", {"reason": "other"}
    yield f"/api/v1/visits/{visit}/accused", {"unit": "unknown"}
    yield f"/api/v1/cases/{number}/unseal", {"reason": "call_back", "note": ""}


async def tell(
    folder: Path, secret: Secret, *, is_counting: bool, pages: Sequence[str] = (*PATHS, *DESKS)
) -> Mapping[str, Transcript]:
    """Run the story in a county of its own; return what was told to whom."""
    async with a_house(folder, FrozenClock()) as house:
        office_of_the_township = UnitRow(
            id=new_id(), kind="village", name="财政所", parent_id=house.county.township
        )
        await house.county.edge.run(lambda work: _add(work, office_of_the_township))
        accounts = await _accounts(house, office_of_the_township.id, is_counting=is_counting)
        accounts.pages = pages
        if secret.where == "elsewhere":
            del accounts.told["barred"]  # barred here alone
        host, host_line = await house.on_duty()
        office = await house.officer(Role.PETITION_OFFICE)
        terminals = {
            unit: await _terminal(house, unit, code)
            for unit, code in ((house.county.township, "QH01"), (house.county.other_township, "QH02"))
        }
        usual = await _terminal(house, house.county.other_township, "QH03")
        await _ordinary(house, usual, host, host_line, accounts.line)
        await accounts.look(None, is_quiet=True)

        made = None
        if secret.where != "nowhere":
            unit = house.county.township if secret.where == "here" else house.county.other_township
            terminal = terminals[unit]
            made = await house.county.visit(terminal=terminal.enrolled, form=secret.form)
            await office.post(f"/api/v1/visits/{made.id}/accused", {"unit": unit})
            await terminal.post(f"/api/v1/visits/{made.id}/raise", a_declaration(officer_left=True))
            await _hears(host_line, lambda one: isinstance(one, Ring), lambda one: isinstance(one, Queue))
        await accounts.look(made, is_quiet=True)
        if made is not None:
            assert (await host.post(f"/api/v1/visits/{made.id}/answer")).status == 200
            assert isinstance(await host_line.command(Join(id=a_uuid(), room=RoomId(made.id))), Result)
            await host.post(f"/api/v1/visits/{made.id}/accused", {"unit": unit, "name": "孙三"})
        await accounts.look(made, is_quiet=False)
        if made is not None:
            await house.county.ends(host.actor, made.id)
            await house.county.logs(host.actor, made.id)
        house.county.clock.advance(minutes=20)
        await _ordinary(house, usual, host, host_line, accounts.line)
        await accounts.look(made, is_quiet=True)
        return accounts.told


async def _accounts(house: House, village: str, *, is_counting: bool) -> Accounts:
    local = await house.officer(Role.TOWNSHIP_OFFICER)
    liaison = await house.officer(Role.DEPARTMENT_LIAISON, unit=village)
    barred, line = await house.on_duty()
    reply = await barred.submit(
        "/account/postings", unit=house.county.township, since="2024-01-01", to="2025-06-30"
    )
    assert reply.status == 302, reply.text
    told = {name: Transcript(is_counting=is_counting) for name in ("local", "barred", "liaison")}
    return Accounts(local, barred, line, liaison, told)


async def _add(work: Work, row: UnitRow | PlaceRow) -> None:
    work.session.add(row)


async def _terminal(house: House, unit: str, code: str) -> TerminalClient:
    """Return the page of a terminal in a room with a code that is the same in every run."""
    place = PlaceRow(id=new_id(), code=code, name="视频接访室", unit_id=unit)
    await house.county.edge.run(lambda work: _add(work, place))
    return house.page_of(await house.county.terminal(room=PlaceId(place.id)))


async def _ordinary(
    house: House, terminal: TerminalClient, host: OfficerClient, *lines: ScriptedPeer
) -> None:
    """Let a visit come that everybody of the county may know of, and wait until every desk has been told."""
    made = await house.county.visit(VisitState.WAITING, terminal=terminal.enrolled)
    for line in lines:
        await _hears(line, lambda one: isinstance(one, Ring), lambda one: isinstance(one, Queue) and one.rows)
    await house.county.answers(host.actor, made.id)
    for line in lines:
        await _hears(
            line,
            lambda one: isinstance(one, RingStopped),
            lambda one: isinstance(one, Queue) and not one.rows,
        )
    await house.county.ends(host.actor, made.id)
    await house.county.logs(host.actor, made.id)


async def _hears(line: ScriptedPeer, *wanted: Callable[[ServerMessage], object]) -> None:
    """Read on until everything wanted has come, in whatever order."""
    missing = list(wanted)
    while missing:
        message = await line.read()
        missing = [is_it for is_it in missing if not is_it(message)]


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path) -> Callable[[str], Path]:
    def folder(name: str) -> Path:
        place = tmp_path / name
        place.mkdir()
        shutil.copy(migrated_sqlite, place / "reception.db")
        return place

    return folder


async def test_who_came_makes_no_difference(run: Callable[[str], Path]) -> None:
    one = await tell(run("one"), FIRST, is_counting=True)
    other = await tell(run("other"), SECOND, is_counting=True)

    assert differences(one, other) == []
    assert all(len(transcript.lines) > 60 for transcript in one.values())
    assert any("frame" in line for line in one["barred"].lines)


async def test_that_somebody_came_makes_no_difference(run: Callable[[str], Path]) -> None:
    one = await tell(run("one"), FIRST, is_counting=False)
    other = await tell(run("other"), NOWHERE, is_counting=False)

    assert differences(one, other) == []


async def test_to_the_township_a_gap_in_the_numbers_is_a_visit_of_the_rest_of_the_county(
    run: Callable[[str], Path],
) -> None:
    one = await tell(run("one"), FIRST, is_counting=True)
    other = await tell(run("other"), ELSEWHERE, is_counting=True)

    mine = {account: one[account] for account in other}
    assert differences(mine, other) == []
    assert set(mine) == {"local", "liaison"}


# The harness itself: with one protection taken away it finds the leak


def _no_queue_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    async def everything(
        _work: Work, lines: Sequence[views.QueueLine], people: Collection[PersonId]
    ) -> dict[PersonId, list[views.QueueLine]]:
        return {person: list(lines) for person in people}

    monkeypatch.setattr(views, "queues", everything)


def _no_ledger_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_without", lambda _, query: query)


def _no_bell_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_work: Work, _cases: Collection[str], _people: Collection[PersonId]) -> Barred:
        return {}

    monkeypatch.setattr(desk, "barred_in", nobody)


@pytest.mark.parametrize("plant", [_no_queue_filter, _no_ledger_filter, _no_bell_filter])
async def test_a_visit_that_leaks_is_found(
    run: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)

    one = await tell(run("one"), FIRST, is_counting=False, pages=FEW)
    other = await tell(run("other"), NOWHERE, is_counting=False, pages=FEW)

    assert differences(one, other)


async def test_one_field_that_leaks_who_came_is_found(
    run: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = record.list_cases

    async def tell_tale(work: Work, actor: Officer, wanted: record.CaseFilter) -> record.CasePage:
        page = await honest(work, actor, wanted)
        return replace(page, lines=tuple(replace(line, place=line.place + names[-1]) for line in page.lines))

    monkeypatch.setattr(record, "list_cases", tell_tale)
    names = ["王甲"]
    one = await tell(run("one"), FIRST, is_counting=True, pages=FEW)
    names.append("欧阳乙丙")
    other = await tell(run("other"), SECOND, is_counting=True, pages=FEW)

    found = differences(one, other)
    assert found
    assert all("王甲" in line or "欧阳乙丙" in line for line in found)


# A hidden case costs what a case that does not exist costs


async def test_what_is_hidden_takes_as_many_looks_at_the_database_as_what_is_not_there(house: House) -> None:
    barred = await house.officer()
    office = await house.officer(Role.PETITION_OFFICE)
    made = await house.county.visit(VisitState.WAITING)
    await house.county.edge.run(
        lambda work: accused.add_accused(
            work, office.actor, made.id, unit=house.county.township, name=barred.actor.name
        )
    )
    statements: list[str] = []
    engines = {
        factory.kw["bind"].sync_engine for factory in (house.app[EDGE].sessions, house.app[EDGE].readers)
    }
    for engine in engines:
        event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))

    for _ in range(5):  # what the entry set off behind the scenes is over by then
        await barred.get(f"/api/v1/cases/{NOBODYS}")

    async def cost(path: str, method: str) -> tuple[int, list[str], bytes]:
        statements.clear()
        reply = await (barred.get(path) if method == "GET" else barred.post(path))
        assert reply.status == 404, (path, reply.text)
        return reply.status, list(statements), reply.body

    for hidden, absent, method in (
        (f"/api/v1/visits/{made.id}", f"/api/v1/visits/{new_id()}", "GET"),
        (f"/api/v1/visits/{made.id}/snapshot", f"/api/v1/visits/{new_id()}/snapshot", "GET"),
        (f"/api/v1/visits/{made.id}/draft", f"/api/v1/visits/{new_id()}/draft", "GET"),
        (f"/api/v1/visits/{made.id}/quality", f"/api/v1/visits/{new_id()}/quality", "GET"),
        (f"/api/v1/visits/{made.id}/answer", f"/api/v1/visits/{new_id()}/answer", "POST"),
        (f"/api/v1/visits/{made.id}/decline", f"/api/v1/visits/{new_id()}/decline", "POST"),
        (f"/api/v1/cases/{made.case_number}", f"/api/v1/cases/{NOBODYS}", "GET"),
    ):
        assert await cost(hidden, method) == await cost(absent, method)
