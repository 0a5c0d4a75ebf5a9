"""`python -m reception serve`: the web server's own process.

A module of its own, because a county waits while it is loaded: nothing here
may need what only other commands use.
"""

import argparse
import gc
import os
import signal
import threading

import uvloop
from aiohttp import web

from reception.app import create_app
from reception.listening import BACKLOG, bind, inherited
from reception.settings import Settings


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    if options.exit_on_stdin_close:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    gc.freeze()  # what was loaded stays to the end; no collection has to look at it
    web.run_app(
        create_app(settings),
        sock=inherited(options.fd, os.environ) or bind(settings),
        backlog=BACKLOG,
        loop=uvloop.new_event_loop(),
        access_log=None,
        print=None,
        shutdown_timeout=5,
    )
    return 0


def _end_with_stdin() -> None:
    """End this process in an orderly way when the one that started it is gone."""
    # Not `sys.stdin`: its lock would be held by this thread when the interpreter ends for another reason.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
