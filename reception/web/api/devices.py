"""API of terminals as devices: enrolment, session, device profile; and the ticket that opens a socket."""

import msgspec
from aiohttp import web

from reception.domain.actors import seat_of_device
from reception.domain.ids import DeviceId
from reception.keys import DEVICES, EDGE
from reception.services import device_profiles
from reception.services.denials import settled
from reception.services.device_profiles import DeviceProfile
from reception.services.work import Work
from reception.web.api.answers import Challenge, DeviceProfileView, DeviceSession, Enrolled, Ticket
from reception.web.api.bodies import DeviceProfileBody, Enrol, Nothing, OpenDeviceSession
from reception.web.api.terminal import township_officers
from reception.web.commands import answered, as_answer, run_once
from reception.web.principals import SignedOut, signed_in, terminal
from reception.web.requests import body_of
from signaling.keys import HUB, TICKETS
from signaling.tokens import Claims


async def enrol(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/devices/enrol`: a one-time code turns this browser into a room's terminal."""
    body, devices = await body_of(request, Enrol), request.app[DEVICES]
    made = settled(
        await request.app[EDGE].run(
            lambda work: devices.enrol(
                work,
                code=body.code,
                public_key=msgspec.structs.asdict(body.public_key),
                name=body.name,
                address=request.remote or "",
            )
        )
    )
    return answered(
        Enrolled(
            device=made.identity.terminal.device,
            roll=made.roll,
            fingerprint=made.fingerprint,
            room_name=made.identity.room_name,
            unit_name=made.identity.unit_name,
        ),
        status=201,
    )


async def challenge(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/devices/{device}/challenge`: what to sign; the same for a terminal nobody knows."""
    await body_of(request, Nothing)
    nonce = request.app[DEVICES].challenge(request.match_info["device"][:64], request.app[EDGE].clock())
    return answered(Challenge(nonce=nonce))


async def open_session(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/devices/{device}/session`: prove the key, get a token for this page's memory."""
    body, devices = await body_of(request, OpenDeviceSession), request.app[DEVICES]
    device = request.match_info["device"][:64]
    # Before the transaction: the probe waits for the network.
    is_in_use = await request.app[HUB].probe(seat_of_device(DeviceId(device)))
    opened = settled(
        await request.app[EDGE].run(
            lambda work: devices.open_session(
                work,
                device=device,
                nonce=body.nonce,
                roll=body.roll,
                signature=body.signature,
                is_in_use=is_in_use,
            )
        )
    )
    terminal = opened.identity.terminal

    async def officers(work: Work) -> DeviceSession:
        return DeviceSession(
            token=opened.token,
            roll=opened.roll,
            seat=terminal.seat,
            room_name=opened.identity.room_name,
            unit_name=opened.identity.unit_name,
            officers=await township_officers(work, terminal.unit),
        )

    return answered(await request.app[EDGE].read(officers))


async def issue_ticket(request: web.Request) -> web.StreamResponse:
    """`POST /api/v1/ws-ticket`: opens one socket within 30 s; the login is checked anew each time."""
    await body_of(request, Nothing)
    login = signed_in(request)
    if login is None:
        raise SignedOut
    ticket = request.app[TICKETS].issue(Claims(seat=login.actor.seat, login=login.actor.login))
    return answered(Ticket(ticket=ticket))


async def show_profile(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/terminal/device-profile`: which camera, microphone and loudspeaker this terminal uses."""
    actor = terminal(request)
    found = await request.app[EDGE].read(lambda work: device_profiles.read_profile(work, actor))
    return answered(as_answer(DeviceProfileView, found))


async def keep_profile(request: web.Request) -> web.StreamResponse:
    """`PUT /api/v1/terminal/device-profile`: keep what was chosen, for this browser and the next."""
    actor, body = terminal(request), await body_of(request, DeviceProfileBody)
    profile = as_answer(DeviceProfile, body)

    async def use_case(work: Work) -> DeviceProfileView:
        await device_profiles.keep_profile(work, actor, profile)
        return as_answer(DeviceProfileView, profile)

    return await run_once(request, use_case)
