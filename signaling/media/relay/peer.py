"""One seat's transport: its socket, ICE, DTLS, and the way from a datagram to its handler."""

import asyncio
import logging
import time
from collections.abc import Callable

import pylibsrtp
from aiortc import RTCCertificate

from signaling.ids import SeatId
from signaling.media.control import PeerState, PeerStats
from signaling.media.relay.dtls import DtlsLink, sha256_fingerprint
from signaling.media.relay.ice import IceResponder, is_stun
from signaling.media.relay.outlet import Outlet
from signaling.media.relay.ports import Address, UdpPorts
from signaling.media.relay.session import RtpSession
from signaling.media.sdp import Answering, Offer, write_answer

logger = logging.getLogger(__name__)

SETUP_EXPIRES_S = 30.0
_READS_PER_TURN = 64
_STUN_PER_TICK = 20
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
        self._socket = ports.bind()
        self._outlet = Outlet(self._socket)
        self.session = RtpSession(offer, self._outlet)
        self._ice = IceResponder(offer.ufrag, offer.password, self._outlet.plain, self._selected)
        self._dtls = DtlsLink(certificate, offer.fingerprint, self._outlet.plain)
        self._receiving: pylibsrtp.Session | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._opened_at = time.monotonic()
        self._stun_left = _STUN_PER_TICK
        self.refused = 0
        self.answer = write_answer(
            offer,
            Answering(
                ufrag=self._ice.ufrag,
                password=self._ice.password,
                fingerprint=sha256_fingerprint(certificate),
                host=ports.host,
                port=self.port,
                ssrcs=[slot.ssrc for slot in self.session.slots],
            ),
        )
        self._loop.add_reader(self._socket, self._readable)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def tick(self, now: float) -> None:
        """Regular work; called about every 50 ms."""
        self._stun_left = _STUN_PER_TICK
        if self.state == "connected":
            self.session.tick(now)
            if self.session.exhausted or not self._ice.tick(now):
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
        for _ in range(_READS_PER_TURN):
            try:
                datagram, address = receive(_MAX_DATAGRAM_BYTES)
            except OSError:  # mostly: nothing more to read
                return
            if datagram:
                self._datagram(datagram, address)
            if self._socket.fileno() < 0:
                return

    def _datagram(self, datagram: bytes, address: Address) -> None:
        """Sort by the first byte (RFC 7983); all but STUN only from the proven address."""
        first = datagram[0]
        now = time.monotonic()
        if 128 <= first < 192 and address == self._outlet.address:
            self._srtp(datagram, now)
        elif first < 4 and is_stun(datagram):
            self._stun(datagram, address, now)
        elif 20 <= first < 64 and address == self._outlet.address:
            self._dtls.received(datagram)
        else:
            self.refused += 1

    def _stun(self, datagram: bytes, address: Address, now: float) -> None:
        """Only strangers are rationed: a flood from elsewhere must not cost a call its consent."""
        if address != self._outlet.address:
            self._stun_left -= 1
            if self._stun_left < 0:
                self.refused += 1
                return
        if not self._ice.received(datagram, address, now):
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
