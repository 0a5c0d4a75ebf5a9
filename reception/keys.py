"""Keys under which the application keeps the parts of reception."""

from aiohttp import web
from jinja2 import Environment

from reception.edge import Edge
from reception.keyring import Keyring
from reception.observer import VisitObserver
from reception.presence import Presence
from reception.services.devices import Devices
from reception.services.guests import GuestDoor
from reception.services.people import People
from reception.services.turn import TurnServers
from reception.settings import Settings
from reception.store.engine import Sessions
from reception.switchboard import Switchboard
from reception.web.audience import Route
from reception.web.i18n import Catalogues
from signaling.media.plane import MediaPlane

SETTINGS = web.AppKey("SETTINGS", Settings)
SESSIONS = web.AppKey("SESSIONS", Sessions)
KEYRING = web.AppKey("KEYRING", Keyring)
EDGE = web.AppKey("EDGE", Edge)
SWITCHBOARD = web.AppKey("SWITCHBOARD", Switchboard)
PRESENCE = web.AppKey("PRESENCE", Presence)
OBSERVER = web.AppKey("OBSERVER", VisitObserver)
PLANE = web.AppKey("PLANE", MediaPlane)
PEOPLE = web.AppKey("PEOPLE", People)
DEVICES = web.AppKey("DEVICES", Devices)
GUEST_DOOR = web.AppKey("GUEST_DOOR", GuestDoor)
TEMPLATES = web.AppKey("TEMPLATES", Environment)
CATALOGUES = web.AppKey("CATALOGUES", Catalogues)
TURN = web.AppKey("TURN", TurnServers)
ROUTES = web.AppKey("ROUTES", dict[str, Route])
