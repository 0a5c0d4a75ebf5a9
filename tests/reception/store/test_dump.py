"""What somebody reads who carries the database away: nobody's name, number, telephone or words."""

from pathlib import Path

from sqlalchemy import make_url, text

from reception.domain.actors import Terminal
from reception.domain.identity import check_digit
from reception.domain.ids import DeviceId, PlaceId
from reception.domain.registration import Matter, Registration, Visitor
from reception.services import intake
from reception.services.work import Work
from reception.store.engine import Sessions
from reception.store.schema import METADATA
from reception.store.tables import DeviceRow
from tests.support.rows import NOW, add_place
from tests.support.works import Office

ID_NUMBER = "99999919850607123" + check_digit("99999919850607123")
CANARIES = (
    "欧阳金丝雀",
    ID_NUMBER,
    "13800007788",
    "金丝雀村九号",
    "金丝雀反映的事项",
    "CanaryRepresentative",
)


async def _register(work: Work) -> None:
    place = await add_place(work.session)
    device = DeviceRow(
        id="d1", place_id=place.id, name="", public_key="{}", fingerprint="", roll_hash="", enrolled_at=NOW
    )
    work.session.add(device)
    await work.session.flush()
    actor = Terminal(device=DeviceId(device.id), place=PlaceId(place.id), unit=place.unit_id, login="t-d1")
    visitor = Visitor(CANARIES[0], ID_NUMBER, CANARIES[2], CANARIES[3])
    form = Registration(
        visitor=visitor,
        head_count=2,
        representatives=(Visitor(CANARIES[5]),),
        matters=(Matter("report", CANARIES[4]),),
        is_direct=False,
    )
    await intake.register(work, actor, form)


async def test_a_stolen_database_names_nobody(sessions: Sessions, database_url: str) -> None:
    await Office(sessions).run(_register)

    async with sessions.read() as session:
        rows = [
            repr(row)
            for table in METADATA.sorted_tables
            for row in await session.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608
        ]

    assert any("视频接访室" in row for row in rows)  # the sweep sees text where there is some
    assert not [canary for canary in CANARIES if any(canary in row for row in rows)]
    assert not _in_files(database_url)


def _in_files(url: str) -> list[str]:
    """Return the canaries found in the bytes of a SQLite database, its log included."""
    path = make_url(url).database or ""
    if not url.startswith("sqlite"):
        return []
    raw = b"".join(file.read_bytes() for file in Path(path).parent.glob(f"{Path(path).name}*"))
    assert len(raw) > 100_000
    return [canary for canary in CANARIES if canary.encode() in raw]
