"""The first frame of a socket: read, checked, and answered with a farewell where it is no good."""

import asyncio
import logging

from aiohttp import WSMsgType, web

from signaling.errors import ProtocolError, SignalingError
from signaling.limits import Limits
from signaling.messages import (
    PROTOCOL_VERSION,
    CloseCode,
    Gone,
    Hello,
    Resume,
    ResumeFailed,
    decode_client,
    encode,
)

logger = logging.getLogger(__name__)

CLOSED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class OpeningRefused(SignalingError):
    """This socket is not let in; `saying` is told before the farewell."""

    def __init__(self, close_code: int, code: str, *, saying: ResumeFailed | None = None) -> None:
        super().__init__(code)
        self.close_code = close_code
        self.saying = saying


async def first_frame(socket: web.WebSocketResponse, limits: Limits) -> Hello | Resume | None:
    """Wait for the frame that opens or resumes a session; None when the peer went away.

    Raises:
        OpeningRefused: it did not come in time, or is another one.
    """
    try:
        frame = await socket.receive(timeout=limits.hello_s)
    except TimeoutError:
        raise OpeningRefused(CloseCode.SILENT, "hello_timeout") from None
    if frame.type in CLOSED:
        return None
    if frame.type is not WSMsgType.TEXT:
        raise OpeningRefused(CloseCode.PROTOCOL, "binary")
    try:
        first = decode_client(frame.data)
    except ProtocolError as error:
        code = CloseCode.TOO_LARGE if error.code == "too_large" else CloseCode.PROTOCOL
        raise OpeningRefused(code, error.code) from None
    if not isinstance(first, Hello | Resume):
        raise OpeningRefused(CloseCode.PROTOCOL, "hello_expected")
    if first.proto != PROTOCOL_VERSION:
        raise OpeningRefused(CloseCode.PROTOCOL, "unsupported_version")
    return first


async def turn_away(socket: web.WebSocketResponse, refusal: OpeningRefused, limits: Limits) -> None:
    """Say why, and close."""
    logger.info("opening_refused code=%s", refusal.code)
    last_words = [encode(Gone(code=refusal.code))]
    if refusal.saying is not None:
        last_words.insert(0, encode(refusal.saying))
    try:
        async with asyncio.timeout(limits.close_s):
            for frame in last_words:
                await socket.send_frame(frame, WSMsgType.TEXT)
            await socket.close(code=refusal.close_code, message=refusal.code.encode())
    except (ConnectionError, TimeoutError):
        logger.info("opening_refused_unread code=%s", refusal.code)
