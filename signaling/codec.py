"""Frames to messages and back, and what is wrong with a frame that is none. No IO, no clock."""

import re
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from signaling.client_messages import ClientMessage
from signaling.errors import ProtocolCode, ProtocolError
from signaling.fields import MAX_FRAME_BYTES
from signaling.server_messages import ServerMessage

_T = TypeVar("_T")


class _Head(Struct):
    """What can be read of a frame that is otherwise wrong."""

    id: object = None


_client: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
_server: Final[msgspec.json.Decoder[ServerMessage]] = msgspec.json.Decoder(ServerMessage)
_head: Final = msgspec.json.Decoder(_Head)
_encoder: Final = msgspec.json.Encoder()
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def decode_client(frame: bytes) -> ClientMessage:
    """Read one frame of a page.

    Raises:
        ProtocolError: `too_large`, `malformed`, `unknown_type`, `unknown_field` or `bad_value`,
            with the command's id where the frame has a readable one.
    """
    return _decode(_client, frame)


def decode_server(frame: bytes) -> ServerMessage:
    """Read one frame of the server, for peers written in Python; raises like `decode_client`."""
    return _decode(_server, frame)


def encode(message: ClientMessage | ServerMessage) -> bytes:
    """Write one frame."""
    return _encoder.encode(message)


def _decode(decoder: msgspec.json.Decoder[_T], frame: bytes) -> _T:
    if len(frame) > MAX_FRAME_BYTES:
        raise ProtocolError("too_large")
    try:
        message: _T = decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise ProtocolError(_code_of(str(error)), re=_readable_id(frame)) from None
    # UnicodeDecodeError is a ValueError; RecursionError comes from deep nesting.
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ProtocolError("malformed") from None
    return message


def _code_of(complaint: str) -> ProtocolCode:
    """Sort msgspec's sentence; the version is pinned and the samples hold every kind."""
    if complaint.endswith(("`$.type`", "required field `type`")):
        return "unknown_type"
    if complaint.startswith("Object contains unknown field"):
        return "unknown_field"
    if complaint.startswith("Expected `object`") and " - at " not in complaint:
        return "malformed"
    return "bad_value"


def _readable_id(frame: bytes) -> str | None:
    try:
        found = _head.decode(frame).id
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, str) and _UUID.fullmatch(found) else None
