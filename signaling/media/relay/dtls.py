"""DTLS and the SRTP keys of one transport: aiortc's, fed with the DTLS datagrams only."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from pylibsrtp import Session

from signaling.media.relay.bounds import MAX_WAITING_DTLS

_CERTIFICATE_RENEWAL = timedelta(days=20)  # aiortc's certificates are valid for 30 days


class Certificates:
    """One certificate for all transports of the process, renewed well before it ends."""

    def __init__(self) -> None:
        self._current = RTCCertificate.generateCertificate()
        self._renew_at = datetime.now(UTC) + _CERTIFICATE_RENEWAL

    def current(self) -> RTCCertificate:
        if datetime.now(UTC) >= self._renew_at:
            self._current = RTCCertificate.generateCertificate()
            self._renew_at = datetime.now(UTC) + _CERTIFICATE_RENEWAL
        return self._current


def sha256_fingerprint(certificate: RTCCertificate) -> str:
    fingerprints = certificate.getFingerprints()
    return next(f.value for f in fingerprints if f.algorithm == "sha-256")


class _Pipe:
    """What aiortc's DTLS transport asks of an ICE transport, and no more."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._write = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(self, datagram: bytes) -> None:
        if self._queue.qsize() < MAX_WAITING_DTLS:
            self._queue.put_nowait(datagram)

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def _recv(self) -> bytes:
        datagram = await self._queue.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._write(datagram)


class DtlsLink:
    """The DTLS client of one transport.

    SRTP never passes through here: the peer reads `receiving` and `sending` once `run` has said
    that the handshake is done, and works on its datagrams without a task switch.
    """

    def __init__(self, certificate: RTCCertificate, fingerprint: str, send: Callable[[bytes], None]) -> None:
        self._pipe = _Pipe(send)
        # The pipe stands in for an RTCIceTransport; a contract test guards the three members used.
        self._transport = RTCDtlsTransport(cast("RTCIceTransport", self._pipe), [certificate])
        self._transport._set_role("client")
        self._remote = RTCDtlsParameters([RTCDtlsFingerprint("sha-256", fingerprint)])

    @property
    def receiving(self) -> Session:
        return self._transport._rx_srtp

    @property
    def sending(self) -> Session:
        return self._transport._tx_srtp

    def received(self, datagram: bytes) -> None:
        self._pipe.put(datagram)

    async def handshake(self, ended: Callable[[], None]) -> bool:
        """Shake hands; False when the other side is not the one of the fingerprint.

        `ended` is called once if the other side closes the link later.
        """
        await self._transport.start(self._remote)
        if self._transport.state != "connected":
            return False
        self._transport.on("statechange", ended)
        return True

    async def close(self) -> None:
        """Tell the other side and let go of the tasks."""
        self._transport.remove_all_listeners()
        await self._transport.stop()
        self._pipe.end()
