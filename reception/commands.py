"""What the commands other than `serve` do."""

import argparse
import asyncio
import os
import secrets
import socket
import stat
import sys
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from reception import reference, supervisor
from reception.cli import EXIT_INCOMPLETE, EXIT_OK, EXIT_TAMPERED, EXIT_UNREADABLE, EXIT_USAGE
from reception.demo.seed import seed
from reception.domain.ids import PlaceId
from reception.edge import utc_now
from reception.keyring import KeyFileError, Keyring
from reception.listening import bind
from reception.robot import main as run_robot
from reception.services.devices import Devices
from reception.services.work import Work
from reception.settings import Settings
from reception.store.audit import AuditLog, HeadForged
from reception.store.engine import Sessions
from reception.store.migrations import upgrade
from reception.store.tables import PlaceRow
from reception.store.vault import Vault, WrongKey

PASSWORD_FILE = "demo-password"  # noqa: S105 - the name of a file
DEMO_ACCOUNTS = (
    "duty1 duty2 office1 director1 leader1 principal1 township1 township2 "
    "liaison-agriculture liaison-land sysadmin secadmin auditadmin"
)

# What keeps a command from looking at an installation at all.
_UNREADABLE = (KeyFileError, WrongKey, SQLAlchemyError)


def demo(settings: Settings, _: argparse.Namespace) -> int:
    """Prepare the demo county and run everything; later starts skip what is done."""
    try:
        listening = bind(settings)
    except OSError:
        print(f"{settings.listen} is taken: end what runs there, or set RECEPTION_LISTEN.", file=sys.stderr)
        return EXIT_USAGE
    with listening:
        _run_demo(settings, listening)
    return EXIT_OK


def _run_demo(settings: Settings, listening: socket.socket) -> None:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    password, is_new = _demo_password(settings)
    asyncio.run(_prepare(settings, password))
    _greet(settings, password if is_new else None)
    asyncio.run(supervisor.run(settings, listening))


async def _prepare(settings: Settings, password: SecretStr) -> None:
    await upgrade(settings.url)
    sessions = Sessions.open(settings.url)
    keyring = Keyring.load_or_create(settings.data_dir)
    try:
        await seed(sessions, Vault(keyring), AuditLog(keyring.audit_key), password=password, now=utc_now())
    finally:
        await sessions.aclose()


def _demo_password(settings: Settings) -> tuple[SecretStr, bool]:
    """Return the password of the demo accounts, and whether it was made just now."""
    if settings.demo_password is not None:
        return settings.demo_password, False
    path = settings.data_dir / PASSWORD_FILE
    if path.exists():
        return SecretStr(path.read_text().strip()), False
    password = secrets.token_urlsafe(12)
    path.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
    path.write_text(password + "\n")
    return SecretStr(password), True


def _greet(settings: Settings, new_password: SecretStr | None) -> None:
    print(f"\n  Reception, demo county: http://{settings.listen}")
    print(f"  Terminal: http://{settings.listen}/terminal   code: {_command(settings)} enrol QH01")
    print(f"  Accounts: {DEMO_ACCOUNTS}")
    if new_password is not None:
        password = new_password.get_secret_value()
        print(f"  Password of all: {password}   (shown once; kept in {_password_path(settings)})")
    elif settings.demo_password is not None:
        print("  Password of all: as set in RECEPTION_DEMO_PASSWORD")
    else:
        print(f"  Password of all: in {_password_path(settings)}")
    print("  Stop with Ctrl-C.\n", flush=True)


def _command(settings: Settings) -> str:
    """Write how this very installation is called from here."""
    python = os.path.relpath(sys.executable)
    default = type(settings).model_fields["data_dir"].default
    prefix = "" if settings.data_dir == default else f"RECEPTION_DATA_DIR={settings.data_dir} "
    return f"{prefix}{python} -m reception"


def _password_path(settings: Settings) -> Path:
    return settings.data_dir / PASSWORD_FILE


def migrate(settings: Settings, _: argparse.Namespace) -> int:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(upgrade(settings.url))
    return EXIT_OK


def check(settings: Settings, _: argparse.Namespace) -> int:
    async def check(keyring: Keyring) -> None:
        sessions = Sessions.open(settings.url)
        try:
            async with sessions.read() as session:
                await Vault(keyring).check_keys(session)
        finally:
            await sessions.aclose()

    try:
        asyncio.run(check(_present_keyring(settings)))
    except _UNREADABLE as error:
        return _unreadable(error)
    print("keys and database fit together")
    return EXIT_OK


def _present_keyring(settings: Settings) -> Keyring:
    """Return the keys that are there; a look at an installation must not make new ones."""
    if not (settings.data_dir / "keys").exists():
        raise KeyFileError(f"there are no keys in {settings.data_dir}")
    return Keyring.load_or_create(settings.data_dir)


def _unreadable(error: Exception) -> int:
    # A database error carries the statement; who reads the console needs its first line.
    print(str(error).splitlines()[0], file=sys.stderr)
    return EXIT_UNREADABLE


def enrol(settings: Settings, options: argparse.Namespace) -> int:
    async def issue() -> tuple[str, timedelta] | None:
        sessions = Sessions.open(settings.url)
        keyring = Keyring.load_or_create(settings.data_dir)
        try:
            async with sessions.write.begin() as session:
                place = await session.scalar(select(PlaceRow.id).where(PlaceRow.code == options.room))
                if place is None:
                    return None
                work = Work(session, utc_now(), Vault(keyring), AuditLog(keyring.audit_key))
                code = await Devices().issue_code(work, None, PlaceId(place))
                return code.code, code.expires_at - work.now
        finally:
            await sessions.aclose()

    issued = asyncio.run(issue())
    if issued is None:
        print(f"there is no room {options.room}", file=sys.stderr)
        return EXIT_USAGE
    code, left = issued
    print(code)
    print(f"enter it at /terminal within {round(left.total_seconds() / 60)} minutes", file=sys.stderr)
    return EXIT_OK


def robot(settings: Settings, options: argparse.Namespace) -> int:
    room: str = options.room
    return run_robot(settings, room)


def docs(_: Settings, options: argparse.Namespace) -> int:
    if options.write:
        reference.write_pages()
    stale = reference.outdated()
    for name in stale:
        print(f"out of date: docs/{name}", file=sys.stderr)
    return EXIT_INCOMPLETE if stale else EXIT_OK


def audit(settings: Settings, options: argparse.Namespace) -> int:
    try:
        log = AuditLog(_present_keyring(settings).audit_key)
        return asyncio.run(_verify(settings, log) if options.action == "verify" else _export(settings, log))
    except HeadForged as error:
        print(f"tampered: {error} was not written with this installation's key", file=sys.stderr)
        return EXIT_TAMPERED
    except _UNREADABLE as error:
        return _unreadable(error)


async def _verify(settings: Settings, log: AuditLog) -> int:
    sessions = Sessions.open(settings.url)
    try:
        async with sessions.read() as session:
            verdict = await log.verify(session, log.read_head(settings.audit_head_path))
    finally:
        await sessions.aclose()
    if verdict.ok:
        print(f"ok: {verdict.count} entries, head {verdict.head.hash[:16]}")
        return EXIT_OK
    print(f"tampered: first bad entry {verdict.first_bad_seq} of {verdict.count}", file=sys.stderr)
    return EXIT_TAMPERED


async def _export(settings: Settings, log: AuditLog) -> int:
    sessions = Sessions.open(settings.url)
    try:
        async with sessions.write.begin() as session:
            head = await log.export_head(session, settings.audit_head_path, at=utc_now())
    finally:
        await sessions.aclose()
    print(f"exported head of {head.seq} entries")
    return EXIT_OK
