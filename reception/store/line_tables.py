"""Tables of the line: what has to outlive a socket, a reload or a crash of the server.

No column here holds what a citizen said or who the citizen is: a journal row
names a visit or a chat line, and what it says is read from there when it is told.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base


class SignalSessionRow(Base):
    """One page's session on the wire: what a socket that comes back proves itself by."""

    __tablename__ = "signal_session"
    sid: Mapped[str] = mapped_column(primary_key=True)
    seat: Mapped[str] = mapped_column(index=True)
    login: Mapped[str] = mapped_column(index=True)
    token_hash: Mapped[str]
    previous_hash: Mapped[str | None]  # good until the newest has been used once: an answer may get lost
    epoch: Mapped[str]  # the run of the server that wrote the row last
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SeatEventRow(Base):
    """A fact that a seat has to be told, written in the transaction that made it true."""

    __tablename__ = "seat_event"
    seat: Mapped[str] = mapped_column(primary_key=True)
    pos: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # per seat, from 1
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str]  # ring | ring_stopped | invite | chat
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"))
    ref: Mapped[str | None]  # what the kind speaks of: a chat line's id, an inviting person's id
    code: Mapped[str | None]


class QualitySampleRow(Base):
    """How good a participant's line was at one moment; numbers and codes only."""

    __tablename__ = "quality_sample"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    seat: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    rung: Mapped[str]  # step of the ladder that the sender stood on
    score: Mapped[int]  # 0 to 100, from the server's thresholds
    body: Mapped[str] = mapped_column(Text)  # JSON object of the report's other fields


class DeviceProfileRow(Base):
    """Which camera, microphone and loudspeaker a terminal uses; chosen once per room, not per browser."""

    __tablename__ = "device_profile"
    device_id: Mapped[str] = mapped_column(ForeignKey("device.id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)  # JSON object, see services.device_profiles
    saved_at: Mapped[datetime]
