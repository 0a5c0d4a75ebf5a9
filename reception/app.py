"""The composition root: the only module that knows every part."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from reception import dispatch, jobs
from reception.build import build_of
from reception.edge import Clock, Edge, utc_now
from reception.journal import SeatJournal
from reception.keyring import Keyring
from reception.keys import (
    CATALOGUES,
    DEVICES,
    EDGE,
    GUEST_DOOR,
    KEYRING,
    OBSERVER,
    PEOPLE,
    PLANE,
    PRESENCE,
    ROUTES,
    SESSIONS,
    SETTINGS,
    SWITCHBOARD,
    TEMPLATES,
    TURN,
)
from reception.messengers import FolderDrop, HttpGateway
from reception.observer import VisitObserver
from reception.presence import Presence
from reception.services.calendar import take_up_published
from reception.services.devices import Devices
from reception.services.guests import GuestDoor
from reception.services.outbox import Channel, Outgoing
from reception.services.people import People
from reception.services.quality import QualityLog, keeping
from reception.services.turn import TurnServers
from reception.services.work import Work
from reception.settings import Settings
from reception.store.audit import AuditLog
from reception.store.engine import Sessions
from reception.store.signal_sessions import SignalSessions
from reception.store.vault import Vault
from reception.switchboard import Switchboard
from reception.tasks import running
from reception.web import security
from reception.web.contexts import make_templates, when
from reception.web.errors import refusals_to_http
from reception.web.i18n import Catalogues
from reception.web.requests import MAX_BODY_BYTES
from reception.web.routes import ROUTE_TABLE, add_routes
from signaling import web as signaling_web
from signaling.hub import Hub
from signaling.keys import HUB, TICKETS
from signaling.media.plane import MediaPlane, RelayPlane
from signaling.tokens import Tickets

STATIC = Path(__file__).parent.parent / "static"
TEMPLATES_FOLDER = Path(__file__).parent / "templates"
PUBLIC_FOLDERS = ("css", "js", "img", "vendor")


def create_app(
    settings: Settings, *, clock: Clock = utc_now, plane: MediaPlane | None = None
) -> web.Application:
    """Build the service; nothing is opened until aiohttp starts it.

    Contexts are registered on the root only, in the order in which they need
    each other: database, hub, media plane, jobs.

    Args:
        clock: where every rule gets its hour from.
        plane: what carries media; the relay's client when absent.
    """
    app = web.Application(
        middlewares=[
            security.with_request_id,
            security.with_headers,
            refusals_to_http,
            security.with_login,
            security.same_origin,
            security.audience_only,
        ],
        client_max_size=MAX_BODY_BYTES,
    )
    app[SETTINGS] = settings
    app[CATALOGUES] = Catalogues.load()
    app[TEMPLATES] = make_templates()
    app[PLANE] = plane or RelayPlane(settings.relay_path)
    app[TICKETS] = Tickets()
    app[TURN] = TurnServers.of(settings)
    app[PRESENCE] = Presence(clock())
    app[SWITCHBOARD] = Switchboard(countdown_ms=round(settings.countdown_s * 1000))
    app[ROUTES] = {route.name: route for route in ROUTE_TABLE}
    add_routes(app)
    for folder in PUBLIC_FOLDERS:
        app.router.add_static(f"/static/{folder}", STATIC / folder)
    # The plane connects after the rooms are open again: it asks the hub which of its rooms are over.
    app.cleanup_ctx.extend([_database(clock), _hub, _media_plane, _jobs, _reminders])
    app.on_shutdown.append(signaling_web.close_hub)
    return app


def _database(clock: Clock) -> Callable[[web.Application], AsyncIterator[None]]:
    async def open_database(app: web.Application) -> AsyncIterator[None]:
        settings = app[SETTINGS]
        keyring = Keyring.load_or_create(settings.data_dir)
        vault, audit = Vault(keyring), AuditLog(keyring.audit_key)
        sessions = Sessions.open(settings.url)
        sessions.stop_on_broken_disk()
        await sessions.settle()
        async with sessions.write.begin() as session:
            await vault.check_keys(session)
            await take_up_published(Work(session, clock(), vault, audit))
        app[KEYRING], app[SESSIONS] = keyring, sessions
        app[EDGE] = Edge(sessions.write, sessions.read, vault, audit, clock, app[SWITCHBOARD])
        app[PEOPLE] = People(
            idle=timedelta(minutes=settings.session_idle_min),
            absolute=timedelta(hours=settings.session_absolute_h),
            totp_required=settings.totp_required,
        )
        app[DEVICES] = Devices()
        app[GUEST_DOOR] = GuestDoor()
        yield
        await sessions.aclose()

    return open_database


async def _media_plane(app: web.Application) -> AsyncIterator[None]:
    await app[PLANE].start()
    yield
    await app[PLANE].aclose()


async def _hub(app: web.Application) -> AsyncIterator[None]:
    switchboard, presence, edge, settings = app[SWITCHBOARD], app[PRESENCE], app[EDGE], app[SETTINGS]
    quality = QualityLog(edge, switchboard.send)
    sessions = SignalSessions(edge.sessions, edge.readers, edge.clock)
    observer = VisitObserver(edge, switchboard, presence, edge.clock, sessions, quality)
    hub = Hub(
        observer=observer,
        plane=app[PLANE],
        tickets=app[TICKETS],
        origins=settings.origins,
        sessions=sessions,
        journal=SeatJournal(edge, timedelta(seconds=settings.ring_s)),
        build=build_of([TEMPLATES_FOLDER, *(STATIC / folder for folder in PUBLIC_FOLDERS)]),
    )
    app[OBSERVER], app[HUB] = observer, hub
    switchboard.bind(edge, hub)
    await switchboard.reopen_rooms()
    async with (
        running(switchboard.refresher.run(switchboard.show), "refresher"),
        keeping(quality, edge.clock),
    ):
        yield


async def _jobs(app: web.Application) -> AsyncIterator[None]:
    sweeper = jobs.Sweeper(app[EDGE], app[PRESENCE], app[SETTINGS])
    async with running(sweeper.run(), "sweeper"):
        yield


async def _reminders(app: web.Application) -> AsyncIterator[None]:
    settings, catalogues = app[SETTINGS], app[CATALOGUES]

    def begins(message: Outgoing) -> str:
        return when(message.params.starts_at, "en" if settings.language == "en" else "zh")

    gateway = HttpGateway(settings.sms_gateway_url) if settings.sms_gateway_url else None
    dispatcher = dispatch.Dispatcher(
        app[EDGE],
        {Channel.SMS: gateway or FolderDrop(settings.outbox_path)},
        lambda code: catalogues.say(settings.language, code),
        begins,
        settings.dispatch_s,
    )
    async with running(dispatcher.run(), "dispatcher"):
        yield
