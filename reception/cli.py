"""The command line: `python -m reception COMMAND`."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from pydantic import ValidationError

from reception import failpoints
from reception.settings import Settings

EXIT_OK, EXIT_TAMPERED, EXIT_INCOMPLETE, EXIT_UNREADABLE, EXIT_USAGE = 0, 1, 2, 3, 64

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
    try:
        failpoints.arm(os.environ, demo=settings.demo)
    except failpoints.FailpointsRefused as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    return _load(options.run)(settings, options)


def _load(path: str) -> Command:
    """Import a command's module only now: a web server that is started anew does not wait for the others'."""
    module, _, name = path.partition(":")
    # Loading makes no garbage, and looking for it takes a quarter of the time.
    gc.disable()
    command: Command = getattr(import_module(f"reception.{module}"), name)
    gc.enable()
    return command


def _set_log_levels(settings: Settings) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.demo:
        # Whoever tries the demo reads this console for the address and the password.
        logging.getLogger("reception.access").setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reception", description="Video reception of a county.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: str, help_: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_, description=help_)
        command.set_defaults(run=run)
        return command

    serve = add("serve", "serving:serve", "Run the web server.")
    serve.add_argument("--fd", type=int, help="Serve this open socket, not one of its own.")
    serve.add_argument("--exit-on-stdin-close", action="store_true", help="End when standard input ends.")
    add("demo", "commands:demo", "Run web server and relay with the fictional county, on loopback only.")
    add("migrate", "commands:migrate", "Bring the database to the newest schema.")
    add("check", "commands:check", "Say whether keys and database fit together.")
    enrol = add("enrol", "commands:enrol", "Print a one-time code that makes a browser the terminal of ROOM.")
    enrol.add_argument("room", metavar="ROOM", help="code of the room, e.g. QH01")
    robot = add("robot", "commands:robot", "Let a fictional visitor call from ROOM.")
    robot.add_argument("room", metavar="ROOM", help="code of the room, e.g. QH01")
    docs = add("docs", "commands:docs", "Say which generated pages of docs/ are out of date.")
    docs.add_argument("--write", action="store_true", help="Write them.")
    audit = add("audit", "commands:audit", "Look after the audit chain.")
    audit.add_argument("action", choices=["verify", "export-head"])
    return parser
