"""Why signaling says no: one base class, stable codes, no sentences."""

from typing import ClassVar, Literal

ProtocolCode = Literal["too_large", "malformed", "unknown_type", "unknown_field", "bad_value"]


class SignalingError(Exception):
    """A rule said no. `code` is stable and reaches the page as it stands.

    A class with a fixed code is raised bare; an observer that refuses for a reason of its own
    raises this class with that reason's code.
    """

    default_code: ClassVar[str] = "refused"

    def __init__(self, code: str | None = None) -> None:
        self.code = code or self.default_code
        super().__init__(self.code)


class ProtocolError(SignalingError):
    """The frame does not follow the protocol; `re` is its command id where readable."""

    def __init__(self, code: ProtocolCode, *, re: str | None = None) -> None:
        super().__init__(code)
        self.re = re


class TicketRefused(SignalingError):
    """Unknown, used or withdrawn ticket."""

    default_code = "ticket_refused"


class TicketExpired(TicketRefused):
    """The ticket was real but came too late: a new one may be asked for at once."""

    default_code = "ticket_expired"


class UnknownRoom(SignalingError):
    """No such room, or none for this seat: the answer is the same, so ids cannot be probed."""

    default_code = "unknown_room"


class NotJoined(SignalingError):
    """A member that has not joined cannot act in the room."""

    default_code = "not_joined"


class OnHold(SignalingError):
    """The participant is held, or left out of a private part: it neither hears nor speaks."""

    default_code = "on_hold"


class RoomClosed(SignalingError):
    """The room is over."""

    default_code = "room_closed"


class RoomFull(SignalingError):
    """A room has at most six members."""

    default_code = "room_full"


class IdReused(SignalingError):
    """The command id was already used for another command."""

    default_code = "id_reused"


class Unavailable(SignalingError):
    """What the command needs did not answer in time; the same command may be tried again."""

    default_code = "unavailable"


class Internal(SignalingError):
    """A defect on the server's side; logged there."""

    default_code = "internal"
