"""The command line: `python -m reception COMMAND`."""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import socket
import stat
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import uvloop
from aiohttp import web
from pydantic import SecretStr, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from reception import reference, supervisor
from reception.app import create_app
from reception.demo.seed import seed
from reception.domain.ids import PlaceId
from reception.edge import utc_now
from reception.keyring import KeyFileError, Keyring
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
EXIT_OK, EXIT_TAMPERED, EXIT_INCOMPLETE, EXIT_UNREADABLE, EXIT_USAGE = 0, 1, 2, 3, 64
DEMO_ACCOUNTS = (
    "duty1 duty2 office1 director1 leader1 principal1 township1 township2 "
    "liaison-agriculture liaison-land sysadmin secadmin auditadmin"
)

# What keeps a command from looking at an installation at all.
_UNREADABLE = (KeyFileError, WrongKey, SQLAlchemyError)

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    # Before settings are read: a file made by any command is nobody else's to read.
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = Settings(demo=True) if options.command == "demo" else Settings()
    except ValidationError as error:
        for fault in error.errors(include_input=False):
            name = ".".join(str(part) for part in fault["loc"]) or "settings"
            print(f"{name}: {fault['msg']}", file=sys.stderr)
        return EXIT_USAGE
    _set_log_levels(settings)
    command: Command = options.run
    return command(settings, options)


def _set_log_levels(settings: Settings) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.demo:
        # Whoever tries the demo reads this console for the address and the password.
        logging.getLogger("reception.access").setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reception", description="Video reception of a county.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Command, help_: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_, description=help_)
        command.set_defaults(run=run)
        return command

    serve = add("serve", _serve, "Run the web server.")
    serve.add_argument("--exit-on-stdin-close", action="store_true", help="End when standard input ends.")
    add("demo", _demo, "Run web server and relay with the fictional county, on loopback only.")
    add("migrate", _migrate, "Bring the database to the newest schema.")
    add("check", _check, "Say whether keys and database fit together.")
    enrol = add("enrol", _enrol, "Print a one-time code that makes a browser the terminal of ROOM.")
    enrol.add_argument("room", metavar="ROOM", help="code of the room, e.g. QH01")
    robot = add("robot", _robot, "Let a fictional visitor call from ROOM.")
    robot.add_argument("room", metavar="ROOM", help="code of the room, e.g. QH01")
    docs = add("docs", _docs, "Say which generated pages of docs/ are out of date.")
    docs.add_argument("--write", action="store_true", help="Write them.")
    audit = add("audit", _audit, "Look after the audit chain.")
    audit.add_argument("action", choices=["verify", "export-head"])
    return parser


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    if options.exit_on_stdin_close:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    web.run_app(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop=uvloop.new_event_loop(),
        access_log=None,
        print=None,
        shutdown_timeout=5,
    )
    return EXIT_OK


def _end_with_stdin() -> None:
    """End this process in an orderly way when the one that started it is gone."""
    # Not `sys.stdin`: its lock would be held by this thread when the interpreter ends for another reason.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _demo(settings: Settings, _: argparse.Namespace) -> int:
    """Prepare the demo county and run everything; later starts skip what is done."""
    if not _is_free(settings):
        print(f"{settings.listen} is taken: end what runs there, or set RECEPTION_LISTEN.", file=sys.stderr)
        return EXIT_USAGE
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    password, is_new = _demo_password(settings)
    asyncio.run(_prepare(settings, password))
    _greet(settings, password if is_new else None)
    asyncio.run(supervisor.run(settings))
    return EXIT_OK


def _is_free(settings: Settings) -> bool:
    """Look whether the address can be listened on, before anything is prepared."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return False
    return True


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


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(upgrade(settings.url))
    return EXIT_OK


def _check(settings: Settings, _: argparse.Namespace) -> int:
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


def _enrol(settings: Settings, options: argparse.Namespace) -> int:
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


def _robot(settings: Settings, options: argparse.Namespace) -> int:
    room: str = options.room
    return run_robot(settings, room)


def _docs(_: Settings, options: argparse.Namespace) -> int:
    if options.write:
        reference.write_pages()
    stale = reference.outdated()
    for name in stale:
        print(f"out of date: docs/{name}", file=sys.stderr)
    return EXIT_INCOMPLETE if stale else EXIT_OK


def _audit(settings: Settings, options: argparse.Namespace) -> int:
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
