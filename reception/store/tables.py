"""Every table of the reception service.

Columns that end in `_sealed` hold ciphertext of the vault (`store/vault.py`):
identity under the case's identity key, content under its content key.
No other column may hold what a citizen said or who the citizen is.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from scheduling.store.base import Base, unique_where


class UnitRow(Base):
    """A unit of the county: the county itself, commission, section, township, department, group, area."""

    __tablename__ = "unit"
    id: Mapped[str] = mapped_column(primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    kind: Mapped[str]
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)


class PersonRow(Base):
    """A member of staff with an account; never a citizen."""

    __tablename__ = "person"
    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    post: Mapped[str]
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))
    password_hash: Mapped[str]
    totp_sealed: Mapped[str | None]  # under the service key, not a case key
    totp_last_step: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class RoleGrantRow(Base):
    """A role that a person holds; granted by the security administrator."""

    __tablename__ = "role_grant"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class LoginSessionRow(Base):
    """One signed-in browser; the cookie holds the secret, this row its hash."""

    __tablename__ = "login_session"
    id: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    csrf_token: Mapped[str]
    browser: Mapped[str]  # coarse family ("Chromium on Linux"), for the person's own list
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PlaceRow(Base):
    """A township room."""

    __tablename__ = "place"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # what the command line and the door plate call it
    name: Mapped[str]
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))


class EnrolmentCodeRow(Base):
    """A one-time code that turns a browser into a room's terminal."""

    __tablename__ = "enrolment_code"
    id: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.id"))
    code_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class DeviceRow(Base):
    """An enrolled terminal: its public key, its rolling secret and its present session, hashed."""

    __tablename__ = "device"
    id: Mapped[str] = mapped_column(primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.id"), index=True)
    name: Mapped[str]
    public_key: Mapped[str] = mapped_column(Text)  # JWK, P-256
    fingerprint: Mapped[str]
    roll_hash: Mapped[str]
    previous_roll_hash: Mapped[
        str | None
    ]  # accepted until the newest has been used once: an answer may get lost
    session_hash: Mapped[str | None] = mapped_column(unique=True)
    session_started_at: Mapped[datetime | None]
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class DutyShiftRow(Base):
    """From going on duty to going off; a person has at most one open."""

    __tablename__ = "duty_shift"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    has_camera: Mapped[bool]
    has_microphone: Mapped[bool]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (unique_where("uq_duty_shift_open", "person_id", where="ended_at IS NULL"),)


class CaseRow(Base):
    """A matter registered on the ledger; visits hang on it."""

    __tablename__ = "case_file"
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    township_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(index=True)


_OWES = "('in_call','suspended','wrap_up','outcome_pending')"
_AT_TERMINAL = "state IN ('registered','township_answered','waiting','in_call')"
_OCCUPIES = "state IN ('in_call','wrap_up') AND host_left_at IS NULL"


class VisitRow(Base):
    """One visit, from registration to logged outcome.

    What may follow what is `domain.visits.ALLOWED`; that an answered visit can
    not vanish without an outcome is held here and by the triggers of `store/guards.py`.
    """

    __tablename__ = "visit"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("place.id"))
    device_id: Mapped[str | None] = mapped_column(ForeignKey("device.id"))
    ticket: Mapped[str]  # the day's queue number, "A-017"
    visited_on: Mapped[date]
    state: Mapped[str] = mapped_column(index=True)
    is_direct: Mapped[bool]
    is_anonymous: Mapped[bool]
    head_count: Mapped[int]
    registered_at: Mapped[datetime] = mapped_column(index=True)
    raised_at: Mapped[datetime | None]
    ring_until: Mapped[datetime | None]  # when the ring turns into a call-back promise
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    outcome_owner_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    pending_reason: Mapped[str | None]
    pending_since: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]  # since when the line is lost; None while it is not
    suspended_reason: Mapped[str | None]
    parked_at: Mapped[datetime | None]  # the terminal serves somebody else meanwhile
    first_chance_until: Mapped[datetime | None]  # until then offered to its former or appointed officer alone
    private_since: Mapped[datetime | None]  # a private part lasts; participants say between whom
    lead_seat: Mapped[str | None]  # who leads the call instead of the officer who received it
    lead_offered_to: Mapped[str | None]  # seat that is asked to lead, until somebody takes it
    host_left_at: Mapped[datetime | None]  # the officer has handed the lead over and is free for others
    appointment_id: Mapped[str | None]  # what the visitor came for by agreement; no row of this package
    __table_args__ = (
        UniqueConstraint("visited_on", "ticket"),
        CheckConstraint(
            f"state NOT IN {_OWES} OR (officer_id IS NOT NULL AND outcome_owner_id IS NOT NULL"
            " AND answered_at IS NOT NULL)",
            name="owned",
        ),
        CheckConstraint("state <> 'outcome_pending' OR pending_reason IS NOT NULL", name="pending_reason"),
        CheckConstraint(
            "state <> 'suspended' OR (suspended_at IS NOT NULL AND suspended_reason IS NOT NULL)",
            name="suspended",
        ),
        unique_where("uq_visit_place_taken", "place_id", where=_AT_TERMINAL),
        unique_where("uq_visit_officer_busy", "officer_id", where=_OCCUPIES),
    )


class MatterRow(Base):
    """One issue inside a visit."""

    __tablename__ = "matter"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    position: Mapped[int]
    kind: Mapped[str]
    summary_sealed: Mapped[str] = mapped_column(Text)


class TownshipAnswerRow(Base):
    """What the township answered, and what the visitor doubts."""

    __tablename__ = "township_answer"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    answered_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    answer_sealed: Mapped[str] = mapped_column(Text)
    is_satisfied: Mapped[bool]
    doubt_sealed: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime]


class DeclarationRow(Base):
    """Who is present in the room, as declared before the county is called."""

    __tablename__ = "declaration"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    present: Mapped[str]  # codes, comma-separated, in the order of the form
    officer_left: Mapped[bool]
    confirmed_at: Mapped[datetime]


class IdentityRow(Base):
    """Identity vault: who came.  Nothing else may hold any of this."""

    __tablename__ = "identity"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    role: Mapped[str]  # petitioner | representative
    position: Mapped[int]
    name_sealed: Mapped[str] = mapped_column(Text)
    id_number_sealed: Mapped[str | None] = mapped_column(Text)
    phone_sealed: Mapped[str | None] = mapped_column(Text)
    address_sealed: Mapped[str | None] = mapped_column(Text)
    id_number_index: Mapped[str | None] = mapped_column(index=True)  # keyed, truncated hash
    phone_index: Mapped[str | None] = mapped_column(index=True)


class DataKeyRow(Base):
    """A case's data key, wrapped by a key that is not in the database."""

    __tablename__ = "data_key"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"))
    purpose: Mapped[str]  # identity | content
    wrapped: Mapped[str]
    wrapping_version: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("case_id", "purpose"),)


class KeyCheckRow(Base):
    """A known text under each wrapping key: a service started with the wrong key refuses to run."""

    __tablename__ = "key_check"
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    check_sealed: Mapped[str]


class RingRow(Base):
    """One officer's bell for one visit."""

    __tablename__ = "ring"
    id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    started_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    why_stopped: Mapped[str | None]


class ParticipantRow(Base):
    """A seat that may join the visit's room; the row outlives every reconnect."""

    __tablename__ = "participant"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    seat: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]
    invited_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    admitted_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    removed_reason: Mapped[str | None]  # put out of this visit: no way back in until the host readmits
    is_held: Mapped[bool] = mapped_column(default=False, server_default=false())
    in_private: Mapped[bool] = mapped_column(default=False, server_default=false())


class VisitEventRow(Base):
    """The timeline of a visit, written from signalling and services, append-only."""

    __tablename__ = "visit_event"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    role: Mapped[str | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    code: Mapped[str | None]


class ChatLineRow(Base):
    """One line of text chat in a call: part of the record, because it may be the only channel."""

    __tablename__ = "chat_line"
    id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    seat: Mapped[str]
    role: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    text_sealed: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    heard_by: Mapped[str | None] = mapped_column(Text)  # seats, comma-separated; None: everybody admitted
    is_private: Mapped[bool] = mapped_column(default=False, server_default=false())


class OutcomeDraftRow(Base):
    """What the officer has typed so far."""

    __tablename__ = "outcome_draft"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    body_sealed: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(ForeignKey("person.id"))


class OutcomeRow(Base):
    """The coded result that ends a visit; written once, never changed."""

    __tablename__ = "outcome"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    receipt: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(index=True)
    asked_sealed: Mapped[str] = mapped_column(Text)
    answer_sealed: Mapped[str] = mapped_column(Text)
    next_sealed: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]
    owner_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    logged_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    logged_at: Mapped[datetime]


class PromiseRow(Base):
    """A dated promise with an owner; here the call-back when nobody answered."""

    __tablename__ = "promise"
    id: Mapped[str] = mapped_column(primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visit.id"), index=True)
    kind: Mapped[str]  # call_back
    owner_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    kept_at: Mapped[datetime | None]


class NumberSeriesRow(Base):
    """The last number given in a series and period; taken by one conditional statement, so without gaps."""

    __tablename__ = "number_series"
    series: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class CommandResultRow(Base):
    """The stored answer to an unsafe request; a retry gets it again."""

    __tablename__ = "command_result"
    scope: Mapped[str] = mapped_column(primary_key=True)  # login or device: ids of others do not collide
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)  # ids and codes only, never what a citizen said
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditRow(Base):
    """One link of the keyed audit chain; append-only."""

    __tablename__ = "audit_event"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    object_type: Mapped[str]
    object_id: Mapped[str] = mapped_column(index=True)
    case_id: Mapped[str | None] = mapped_column(index=True)
    body: Mapped[str] = mapped_column(Text)  # RFC 8785 canonical JSON of every column above and below
    previous_hash: Mapped[str]
    hash: Mapped[str]


class UnsealRow(Base):
    """Somebody looked behind the seal of a case, and why."""

    __tablename__ = "unseal"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case_file.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    note_sealed: Mapped[str | None] = mapped_column(Text)
    unsealed_at: Mapped[datetime]
