"""The command line: what each command leaves, and what its exit code says."""

import asyncio
import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from reception import reference
from reception.cli import EXIT_INCOMPLETE, EXIT_OK, EXIT_TAMPERED, EXIT_UNREADABLE, EXIT_USAGE, main
from reception.domain.ids import new_id
from reception.keyring import Keyring
from reception.settings import Settings
from reception.store.engine import Sessions
from reception.store.vault import Vault


@pytest.fixture(autouse=True)
def own_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Give a command the directory of its own that a process would have, and undo what it changes."""
    umask = os.umask(0o022)
    handlers = logging.root.handlers[:]
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RECEPTION_{name.upper()}", raising=False)
    monkeypatch.setenv("RECEPTION_DATA_DIR", str(tmp_path / "data"))
    yield tmp_path
    logging.root.handlers[:] = handlers
    os.umask(umask)


@pytest.fixture
def installation(own_process: Path) -> Path:
    """A migrated installation with a room and three audit entries; its data directory."""
    assert main(["migrate"]) == EXIT_OK
    data_dir = own_process / "data"
    with sqlite3.connect(data_dir / "reception.db") as connection:
        unit = new_id()
        connection.execute("INSERT INTO unit VALUES (?, NULL, 'township', '东河镇', 0)", [unit])
        connection.execute("INSERT INTO place VALUES (?, 'DH01', '视频接访室', ?)", [new_id(), unit])
    connection.close()
    for _ in range(3):
        assert main(["enrol", "DH01"]) == EXIT_OK
    return data_dir


def change(data_dir: Path, *statements: str) -> None:
    """Change the database as somebody would who also removes the guards."""
    with sqlite3.connect(data_dir / "reception.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    assert caught.value.code == 0
    assert re.search(r"\{serve,demo,migrate,check,enrol,robot,docs,audit\}", capsys.readouterr().out)


@pytest.mark.parametrize("arguments", [[], ["fly"], ["enrol"], ["audit"], ["audit", "forget"]])
def test_a_command_that_is_none_is_refused_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_setting_that_does_not_hold_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECEPTION_LISTEN", "a secret typed into the wrong place")

    assert main(["check"]) == EXIT_USAGE

    shown = capsys.readouterr().err
    assert shown.startswith("listen:")
    assert "secret" not in shown


def test_migrating_makes_a_private_directory_and_may_be_repeated(own_process: Path) -> None:
    assert main(["migrate"]) == EXIT_OK
    assert main(["migrate"]) == EXIT_OK

    data_dir = own_process / "data"
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "reception.db").stat().st_mode & 0o077 == 0


def test_an_enrolment_code_is_printed_alone_on_its_line(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert main(["enrol", "DH01"]) == EXIT_OK

    shown = capsys.readouterr()
    assert re.fullmatch(r"[A-Z2-7]{5}-[A-Z2-7]{5}\n", shown.out)
    assert "within 10 minutes" in shown.err


def test_a_room_that_is_not_there_gets_no_code(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert main(["enrol", "XX99"]) == EXIT_USAGE

    assert capsys.readouterr().out == ""


def test_keys_are_made_once_and_for_their_owner_alone(installation: Path) -> None:
    keys = sorted((installation / "keys").iterdir())
    before = [path.read_bytes() for path in keys]

    main(["enrol", "DH01"])

    assert [path.read_bytes() for path in keys] == before
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)


def test_a_whole_chain_verifies(installation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == EXIT_OK

    assert re.search(r"ok: 3 entries, head [0-9a-f]{16}", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE audit_event SET actor = 'p-somebody' WHERE seq = 2", 2),
        ("UPDATE audit_event SET hash = '0' WHERE seq = 1", 1),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        ("UPDATE audit_event SET body = replace(body, 'allow', 'deny') WHERE seq = 3", 3),
    ],
)
def test_a_changed_chain_is_found_with_its_first_bad_entry(
    installation: Path, capsys: pytest.CaptureFixture[str], statement: str, first_bad: int
) -> None:
    change(installation, statement)

    assert main(["audit", "verify"]) == EXIT_TAMPERED

    assert f"first bad entry {first_bad}" in capsys.readouterr().err


def test_a_cut_tail_is_found_by_the_exported_head(installation: Path) -> None:
    assert main(["audit", "export-head"]) == EXIT_OK
    change(installation, "DELETE FROM audit_event WHERE seq = 3")

    assert main(["audit", "verify"]) == EXIT_TAMPERED


def test_a_head_that_somebody_else_wrote_is_found(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["audit", "export-head"])
    head = installation / "audit-head.json"
    head.write_text(head.read_text().replace('"seq":3', '"seq":2'))

    assert main(["audit", "verify"]) == EXIT_TAMPERED

    assert "audit-head.json" in capsys.readouterr().err


def test_without_keys_nothing_is_verified_and_none_are_made(
    own_process: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["audit", "verify"], ["audit", "export-head"], ["check"]):
        assert main(arguments) == EXIT_UNREADABLE, arguments

    assert "no keys" in capsys.readouterr().err
    assert not (own_process / "data" / "keys").exists()


def test_a_key_that_others_may_read_is_refused(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installation / "keys" / "audit.key").chmod(0o644)

    assert main(["audit", "verify"]) == EXIT_UNREADABLE

    assert "0600" in capsys.readouterr().err


def test_a_database_that_is_none_can_not_be_read(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installation / "reception.db").write_bytes(b"this is no database at all" * 100)

    assert main(["audit", "verify"]) == EXIT_UNREADABLE

    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert len(shown.splitlines()) == 1


async def first_start(data_dir: Path) -> None:
    """Leave the marks of the keys that a server leaves when it first starts."""
    sessions = Sessions.open(Settings().url)
    async with sessions.write.begin() as session:
        await Vault(Keyring.load_or_create(data_dir)).check_keys(session)
    await sessions.aclose()


def test_check_says_whether_keys_and_database_belong_together(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(first_start(installation))
    assert main(["check"]) == EXIT_OK

    key = installation / "keys" / "content.kek"
    key.write_bytes(bytes(32))
    assert main(["check"]) == EXIT_UNREADABLE

    assert "content" in capsys.readouterr().err


def test_docs_are_compared_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    compare, write = reference.outdated, reference.write_pages
    monkeypatch.setattr(reference, "outdated", lambda: compare(folder))
    monkeypatch.setattr(reference, "write_pages", lambda: write(folder))

    assert main(["docs"]) == EXIT_INCOMPLETE
    assert main(["docs", "--write"]) == EXIT_OK
    assert main(["docs"]) == EXIT_OK
