"""Reports of lines: who sees them, how many are kept, and who may read them later."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from reception.domain.actors import Officer
from reception.domain.errors import NotAllowed, NotFound
from reception.domain.ids import VisitId
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services.line_record import LineTold, read_lines
from reception.services.quality import QualityLog, keeping
from reception.store.line_tables import QualitySampleRow
from signaling.ids import RoomId, SeatId
from signaling.messages import LineQuality, Quality
from tests.support.factories import County, MadeVisit

CLEAN: dict[str, Any] = {
    "rung": "video",
    "route": "direct",
    "rtt_ms": 40.0,
    "jitter_ms": 5.0,
    "up_kbps": 420.0,
    "down_kbps": 430.0,
    "available_kbps": 900.0,
    "up_loss": 0.0,
    "down_loss": 0.0,
    "concealed": 0.0,
    "freezes": 0,
    "frozen_ms": 0.0,
    "fps_in": 15.0,
    "fps_out": 15.0,
    "width_in": 640,
    "height_in": 360,
    "width_out": 640,
    "height_out": 360,
    "nacks": 0,
    "plis": 0,
    "discarded": 0,
    "encode_ms": 3.0,
    "decode_ms": 1.0,
    "buffer_ms": 60.0,
    "mic_level": 0.1,
    "far_level": 0.1,
    "mic_on": True,
    "camera_on": True,
    "limited_by": "none",
    "page_lag_ms": 1.0,
    "resumes": 0,
    "hints": (),
}


def a_report(made: MadeVisit, **changes: object) -> Quality:
    return msgspec.convert({**CLEAN, **changes, "type": "quality", "room": made.id}, Quality)


class Wire:
    """Notes who was told what."""

    def __init__(self) -> None:
        self.said: list[tuple[set[SeatId], LineQuality]] = []

    def send(self, seats: Iterable[SeatId], event: LineQuality) -> None:
        self.said.append((set(seats), event))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def log(county: County, wire: Wire) -> QualityLog:
    return QualityLog(county.edge, wire.send)


async def in_call(county: County) -> MadeVisit:
    return await county.visit(VisitState.IN_CALL)


async def take(log: QualityLog, county: County, made: MadeVisit, seat: str, **changes: object) -> None:
    await log.take(RoomId(made.id), SeatId(seat), a_report(made, **changes), county.clock.now)


def terminal_of(made: MadeVisit) -> str:
    return made.terminal.actor.seat


async def kept(county: County) -> list[QualitySampleRow]:
    async def all_rows(work: Any) -> list[QualitySampleRow]:
        return list(
            (await work.session.scalars(select(QualitySampleRow).order_by(QualitySampleRow.at))).all()
        )

    return await county.read(all_rows)


async def lines(county: County, actor: Officer, made: MadeVisit) -> list[LineTold]:
    return await county.read(lambda work: read_lines(work, actor, made.id))


# Taking


async def test_officials_hear_of_every_line_and_the_terminal_of_none(
    county: County, log: QualityLog, wire: Wire
) -> None:
    made = await in_call(county)
    assert made.officer is not None

    await take(log, county, made, terminal_of(made), hints=("mic_silent",), up_loss=0.05)
    await take(log, county, made, made.officer.seat)

    assert [seats for seats, _ in wire.said] == [{made.officer.seat}, {made.officer.seat}]
    about = wire.said[0][1]
    assert (about.of_seat, about.hints, about.loss) == (terminal_of(made), ("mic_silent",), 0.05)
    assert about.score < wire.said[1][1].score


async def test_what_is_told_of_a_line_names_nobody(county: County, log: QualityLog, wire: Wire) -> None:
    made = await in_call(county)

    await take(log, county, made, terminal_of(made))

    told = msgspec.to_builtins(wire.said[0][1])
    assert set(told) == {
        "type", "seq", "pos", "room", "of_seat", "score", "rung", "route", "rtt_ms", "loss", "hints", "at",
    }  # fmt: skip


async def test_somebody_who_is_not_admitted_has_no_line(county: County, log: QualityLog, wire: Wire) -> None:
    made = await in_call(county)
    stranger = await county.officer()

    await take(log, county, made, stranger.seat)
    await log.take(RoomId("no-such-visit"), SeatId(stranger.seat), a_report(made), county.clock.now)
    await log.keep(county.clock.now)

    assert wire.said == []
    assert await kept(county) == []


async def test_one_report_in_three_seconds_counts(county: County, log: QualityLog, wire: Wire) -> None:
    made = await in_call(county)
    for _ in range(10):
        await take(log, county, made, terminal_of(made))
        county.clock.advance(seconds=1)

    await log.keep(county.clock.now)

    assert len(await kept(county)) == len(wire.said) == 4


@pytest.mark.both_databases
async def test_a_slow_picture_that_the_far_side_sends_is_not_held_against_this_line(
    county: County, log: QualityLog, wire: Wire
) -> None:
    made = await in_call(county)

    await take(log, county, made, terminal_of(made), frozen_ms=5000.0, fps_in=1.0)

    assert wire.said[0][1].score >= 80


# Keeping


async def test_a_sample_keeps_every_figure_of_its_report(county: County, log: QualityLog) -> None:
    made = await in_call(county)
    await take(log, county, made, terminal_of(made), rung="stills", up_kbps=58.0)

    await log.keep(county.clock.now)

    (row,) = await kept(county)
    assert (row.visit_id, row.seat, row.rung, row.score) == (made.id, terminal_of(made), "stills", 50)
    body = msgspec.json.decode(row.body)
    assert body["up_kbps"] == 58.0
    assert set(body) == set(CLEAN) - {"rung"}


async def test_what_waits_is_kept_when_the_service_stops(county: County, log: QualityLog) -> None:
    made = await in_call(county)

    async with keeping(log, lambda: county.clock.now):
        await take(log, county, made, terminal_of(made))

    assert len(await kept(county)) == 1


async def test_a_database_that_is_away_costs_samples_but_not_the_call(
    county: County, log: QualityLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = await in_call(county)
    await take(log, county, made, terminal_of(made))

    class Away:
        async def run(self, use_case: Callable[..., object]) -> None:
            raise OperationalError("INSERT", {}, Exception("locked"))

    with monkeypatch.context() as patched:
        patched.setattr(log, "edge", Away())
        await log.keep(county.clock.now)
    await log.keep(county.clock.now)

    assert await kept(county) == []
    assert "quality.not_kept" in caplog.text


async def test_memory_holds_a_bounded_number_of_reports_and_of_calls(county: County, wire: Wire) -> None:
    made = await in_call(county)
    log = QualityLog(county.edge, wire.send, most=3)
    for _ in range(5):
        await take(log, county, made, terminal_of(made))
        county.clock.advance(seconds=3)
    newest = county.clock.now - timedelta(seconds=3)

    await log.keep(county.clock.now)
    county.clock.advance(minutes=2)
    await log.keep(county.clock.now)

    rows = await kept(county)
    assert [row.at for row in rows] == [newest - timedelta(seconds=pause) for pause in (6, 3, 0)]
    assert (log._taken, log._rooms) == ({}, {})


# Reading


async def test_the_record_tells_each_line_with_its_gap(county: County, log: QualityLog) -> None:
    made = await in_call(county)
    assert made.officer is not None
    for pause in (5, 5, 60, 5):
        await take(log, county, made, terminal_of(made), up_loss=0.3 if pause == 60 else 0.0)
        await take(log, county, made, made.officer.seat)
        county.clock.advance(seconds=pause)
    await log.keep(county.clock.now)

    told = await lines(county, await county.officer(), made)

    by_role = {line.role: line for line in told}
    assert set(by_role) == {"terminal", "county_duty_officer"}
    assert by_role["terminal"].person is None
    assert by_role["county_duty_officer"].person is not None
    assert [gap.seconds for gap in by_role["terminal"].gaps] == [55]
    assert by_role["terminal"].lowest.loss == 0.3


async def test_a_visit_that_was_never_measured_has_no_lines(county: County) -> None:
    made = await in_call(county)

    assert await lines(county, await county.officer(), made) == []


async def test_the_township_sees_the_lines_of_its_own_visits_only(county: County, log: QualityLog) -> None:
    made = await in_call(county)
    await take(log, county, made, terminal_of(made))
    await log.keep(county.clock.now)

    assert len(await lines(county, await county.officer(Role.TOWNSHIP_OFFICER), made)) == 1
    stranger = await county.officer(Role.TOWNSHIP_OFFICER, unit=county.other_township)
    with pytest.raises(NotFound):
        await lines(county, stranger, made)


async def test_no_administrator_reads_a_line(county: County) -> None:
    made = await in_call(county)
    administrator = await county.officer(Role.SYS_ADMIN)

    with pytest.raises(NotAllowed):
        await lines(county, administrator, made)


async def test_an_unknown_visit_has_no_lines(county: County) -> None:
    reader = await county.officer()
    with pytest.raises(NotFound):
        await county.read(lambda work: read_lines(work, reader, VisitId("no-such-visit")))
