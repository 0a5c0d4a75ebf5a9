"""One seat's transport: its socket, ICE, DTLS, and the way from a datagram to its handler."""

import asyncio
import logging
import time
from collections.abc import Callable

import pylibsrtp
from aiortc import RTCCertificate

from signaling.ids import SeatId
from signaling.media.control import PeerState, PeerStats
from signaling.media.relay.bounds import READS_PER_TURN, SETUP_EXPIRES_S
from signaling.media.relay.dtls import DtlsLink, sha256_fingerprint
from signaling.media.relay.ice import Consent, IceResponder, is_stun
from signaling.media.relay.outlet import Outlet
from signaling.media.relay.ports import Address, UdpPorts
from signaling.media.relay.ration import Ration
from signaling.media.relay.session import RtpSession
from signaling.media.sdp import Answering, Offer, write_answer

logger = logging.getLogger(__name__)

_MAX_DATAGRAM_BYTES = 2048
_MAX_SRTP_BYTES = 1500  # pylibsrtp's buffer
_CLOSE_TIMEOUT_S = 1.0


class Peer:
    """A transport from its offer to its end; `changed` is called with each new state.

    Everything between `recvfrom` and `sendto` of a media packet happens in one call, without a
    task switch. A datagram that proves nothing is counted in `refused` and forgotten.
    """

    def __init__(
        self,
        seat: SeatId,
        offer: Offer,
        ports: UdpPorts,
        certificate: RTCCertificate,
        changed: Callable[["Peer", PeerState], None],
    ) -> None:
        """Bind a socket and wait for the browser's checks.

        Raises:
            PortsExhausted: no port of the range is free.
        """
        self.seat = seat
        self.state: PeerState = "connecting"
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._offer = offer
        self._host = ports.host
        self._socket = ports.bind()
        self._outlet = Outlet(self._socket)
        self.session = RtpSession(offer, self._outlet)
        self._ice = IceResponder(offer.ufrag, offer.password, self._outlet.plain, self._selected)
        self._ration = Ration()
        self._fingerprint = sha256_fingerprint(certificate)
        self._dtls = DtlsLink(certificate, offer.fingerprint, self._outlet.plain)
        self._receiving: pylibsrtp.Session | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._opened_at = time.monotonic()
        self._answers = 0
        self.refused = 0
        self.answer = self._answer()
        self._loop.add_reader(self._socket, self._readable)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def again(self, offer: Offer) -> str | None:
        """Answer a later offer of the same browser transport; None when it is of another one.

        New credentials of both kinds make it an ICE restart (RFC 8839, 4.4.1.1.1): the port, the
        DTLS session with its keys, the slots and their SSRCs stay, and so does the path in use until
        the browser nominates one under the new credentials. The same credentials make it an offer
        told twice, which has the same answer. All else is another transport.
        """
        running = self._offer
        if self.state not in ("connecting", "connected"):
            return None
        if offer.fingerprint != running.fingerprint or offer.sections != running.sections:
            return None
        same = (offer.ufrag == running.ufrag, offer.password == running.password)
        if any(same) and not all(same):
            return None
        if not any(same):
            self._offer = offer
            self._ice.restart(offer.ufrag, offer.password)
            self.answer = self._answer()
            logger.info("ice_restart seat=%s", self.seat)
        return self.answer

    def tick(self, now: float) -> None:
        """Regular work; called about every 50 ms."""
        self._ration.refill()
        if self.state == "connected":
            self.session.tick(now)
            consent = self._ice.tick(now)
            if consent is Consent.EXPIRED:
                self._outlet.address = None
            if consent is Consent.GONE or self.session.exhausted:
                self._end("failed")
        elif self.state == "connecting" and now - self._opened_at > SETUP_EXPIRES_S:
            self._end("failed")

    def close(self) -> None:
        """End the transport without telling anybody but the browser."""
        if self.state in ("connecting", "connected"):
            self._shut("closed")

    async def closed(self) -> None:
        """Wait until nothing of the transport is left."""
        if self._closing is not None:
            await self._closing

    def stats(self) -> PeerStats:
        return PeerStats(
            peer=self.seat,
            state=self.state,
            port=self.port if self._socket.fileno() >= 0 else 0,
            tracks=self.session.stats(),
            remb_kbps=self.session.remb // 1000,
            refused=self.refused + self.session.refused,
        )

    def _readable(self) -> None:
        receive = self._socket.recvfrom
        for _ in range(READS_PER_TURN):
            try:
                datagram, address = receive(_MAX_DATAGRAM_BYTES)
            except OSError:  # mostly: nothing more to read
                return
            if datagram:
                self._datagram(datagram, address)
            if self._socket.fileno() < 0:
                return

    def _answer(self) -> str:
        self._answers += 1
        return write_answer(
            self._offer,
            Answering(
                ufrag=self._ice.ufrag,
                password=self._ice.password,
                fingerprint=self._fingerprint,
                host=self._host,
                port=self.port,
                ssrcs=[slot.ssrc for slot in self.session.slots],
                version=self._answers,
            ),
        )

    def _datagram(self, datagram: bytes, address: Address) -> None:
        """Sort by the first byte (RFC 7983); all but STUN only from a proven address.

        While a browser moves, its media may come from its old address and its new one.
        """
        first = datagram[0]
        now = time.monotonic()
        if first < 4 and is_stun(datagram):
            self._stun(datagram, address, now)
        elif address != self._outlet.address and not self._ice.proven(address):
            self.refused += 1
        elif 128 <= first < 192:
            self._srtp(datagram, now)
        elif 20 <= first < 64:
            self._dtls.received(datagram)
        else:
            self.refused += 1

    def _stun(self, datagram: bytes, address: Address, now: float) -> None:
        """What does not even name this transport costs nothing; only the rest is rationed."""
        wanted = self._ice.concerns(datagram) and self._ration.allow(address, self._outlet.address)
        if not wanted or not self._ice.received(datagram, address, now):
            self.refused += 1

    def _srtp(self, datagram: bytes, now: float) -> None:
        receiving = self._receiving
        if receiving is None or not 12 <= len(datagram) <= _MAX_SRTP_BYTES:
            self.refused += 1
            return
        try:
            if 192 <= datagram[1] <= 223:  # RFC 5761, section 4
                self.session.rtcp(receiving.unprotect_rtcp(datagram), now)
            else:
                self.session.rtp(receiving.unprotect(datagram), now)
        except pylibsrtp.Error:  # forged, damaged or repeated
            self.refused += 1

    def _selected(self, address: Address) -> None:
        self._outlet.address = address
        if self._handshake is None:
            self._handshake = self._loop.create_task(self._secure())

    async def _secure(self) -> None:
        if not await self._dtls.handshake(ended=lambda: self._end("closed")):
            self._end("failed")
        elif self.state == "connecting":
            self._receiving = self._dtls.receiving
            self._outlet.open(self._dtls.sending)
            self._become("connected")

    def _end(self, state: PeerState) -> None:
        if self.state in ("connecting", "connected"):
            self._shut(state)
            self._changed(self, state)

    def _become(self, state: PeerState) -> None:
        self.state = state
        self._changed(self, state)

    def _shut(self, state: PeerState) -> None:
        self.state = state
        self._receiving = None
        self.session.close(time.monotonic())
        self._loop.remove_reader(self._socket)
        self._closing = self._loop.create_task(self._let_go())

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._dtls.close()
                if self._handshake is not None:
                    await asyncio.wait([self._handshake])
        except TimeoutError:
            logger.warning("dtls_close_timeout seat=%s", self.seat)
        finally:
            self._outlet.close()
            self._socket.close()
