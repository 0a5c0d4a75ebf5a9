"""The seats' media transports: one per seat, changed by one caller at a time."""

import asyncio
import logging
from weakref import WeakValueDictionary

from signaling.errors import SignalingError
from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.media.plane import BadSdp, MediaPlane, MediaUnavailable

logger = logging.getLogger(__name__)


class Transports:
    """What signaling asks of the media plane about one seat, bounded in time."""

    def __init__(self, plane: MediaPlane, limits: Limits) -> None:
        self._plane = plane
        self._limits = limits
        self._locks: WeakValueDictionary[SeatId, asyncio.Lock] = WeakValueDictionary()

    def turn(self, seat: SeatId) -> asyncio.Lock:
        """Hold this while changing the seat's transport: a taken-over socket's offer never comes last."""
        lock = self._locks.get(seat)
        if lock is None:
            lock = self._locks[seat] = asyncio.Lock()
        return lock

    async def open(self, seat: SeatId, offer: str) -> str:
        """Answer an offer; an earlier transport of the seat is replaced.

        Raises:
            SignalingError: `bad_sdp` for an offer that is not answered, `media_unavailable` when
                the plane has no answer now, whatever the reason.
        """
        try:
            async with asyncio.timeout(self._limits.plane_open_s):
                return await self._plane.open(seat, offer)
        except BadSdp:
            raise SignalingError(BadSdp.code) from None
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the plane, signalling goes on
            logger.warning("transport_open_failed seat=%s error=%s", seat, type(error).__name__)
            raise SignalingError(MediaUnavailable.code) from None

    async def close(self, seat: SeatId) -> None:
        """Take the seat's transport down, as far as the plane answers."""
        try:
            async with asyncio.timeout(self._limits.plane_s):
                await self._plane.close(seat)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the plane, signalling goes on
            logger.warning("transport_close_failed seat=%s error=%s", seat, type(error).__name__)
