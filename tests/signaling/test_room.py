"""The room's rules without sockets, and a machine that tries to break them."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signaling.errors import NotJoined, OnHold, RoomClosed, RoomFull, SignalingError, UnknownRoom
from signaling.ids import RoomId, SeatId
from signaling.media.forwarding import Conditions, Phase, rows
from signaling.messages import MAX_MEMBERS, RoomState, decode_server, encode
from signaling.room import PHASES, Action, Envelope, Member, Room

ROOM = RoomId("visit-1")
SEATS = [SeatId(f"p-{number}") for number in range(8)]


def a_member(seat: SeatId) -> Member:
    return Member(seat, "county", f"姓名 {seat}", "值班接访员")


def a_room(members: int = 2, *, countdown_ms: int = 3000, joined: int = 0) -> Room:
    room = Room(ROOM, map(a_member, SEATS[:members]), countdown_ms=countdown_ms, now=0.0)
    for seat in SEATS[:joined]:
        room.join(seat, 0.0)
    return room


def states(envelopes: list[Envelope]) -> dict[SeatId, RoomState]:
    return {e.to: e.event for e in envelopes if isinstance(e.event, RoomState)}


def test_nobody_but_the_clock_makes_a_room_live() -> None:
    room = a_room(joined=2)

    early, late, again = room.tick(2.999), room.tick(3.0), room.tick(3.1)

    assert (early, again) == ([], [])
    assert {seat: state.phase for seat, state in states(late).items()} == dict.fromkeys(SEATS[:2], "live")


def test_the_countdown_shows_what_remains_when_it_is_said() -> None:
    room = a_room()

    said = states(room.join(SEATS[0], 1.25))

    assert (said[SEATS[0]].phase, said[SEATS[0]].countdown_ms) == ("countdown", 1750)


def test_an_overdue_countdown_shows_nothing_below_zero() -> None:
    assert states(a_room().join(SEATS[0], 9.0))[SEATS[0]].countdown_ms == 0


def test_joining_twice_is_joining_once() -> None:
    room = a_room(joined=2)

    again = room.join(SEATS[0], 1.0)

    assert [e.to for e in again] == [SEATS[0]]
    assert [p.seat for p in states(again)[SEATS[0]].peers] == SEATS[:2]


def test_leaving_switches_microphone_and_camera_off() -> None:
    room = a_room(joined=2)
    room.media(SEATS[0], audio=True, video=True, now=1.0)

    room.leave(SEATS[0], 1.0)
    back = states(room.join(SEATS[0], 1.0))[SEATS[1]].peers[0]

    assert (back.present, back.audio, back.video) == (True, False, False)


def test_a_slot_stays_with_its_seat_and_is_free_after_a_removal() -> None:
    room = a_room(6, joined=1)
    before = {p.seat: p.slot for p in states(room.join(SEATS[0], 0.0))[SEATS[0]].peers}

    room.remove(SEATS[2], "removed", 0.0)
    after = {p.seat: p.slot for p in states(room.admit(a_member(SEATS[6]), 0.0))[SEATS[0]].peers}

    assert before == {SEATS[0]: None} | {SEATS[n]: n - 1 for n in range(1, 6)}
    assert after.pop(SEATS[6]) == before.pop(SEATS[2])
    assert after == before


@pytest.mark.parametrize(
    ("seat", "refusal"),
    [
        (SEATS[0], None),
        (SEATS[1], NotJoined),  # a member that has not joined
        (SEATS[2], UnknownRoom),  # no member
    ],
)
def test_only_participants_take_part(seat: SeatId, refusal: type[SignalingError] | None) -> None:
    room = a_room(joined=1)

    if refusal is None:
        room.check_may_speak(seat)
        room.media(seat, audio=True, video=True, now=0.0)
    else:
        with pytest.raises(refusal):
            room.check_may_speak(seat)
        with pytest.raises(refusal):
            room.media(seat, audio=True, video=True, now=0.0)


def test_a_closed_room_stays_closed() -> None:
    room = a_room(joined=2)

    first, second = room.close("ended", 1.0), room.close("again", 1.0)

    assert {s.why for s in states(first).values()} == {"ended"}
    assert second == []
    assert room.tick(99.0) == []
    assert room.view().present == frozenset()
    with pytest.raises(RoomClosed):
        room.join(SEATS[0], 1.0)
    with pytest.raises(RoomClosed):
        room.admit(a_member(SEATS[3]), 1.0)


def test_every_phase_has_its_row_and_leads_to_the_end() -> None:
    assert set(PHASES) == set(Phase)
    assert {phase for phase, moves in PHASES.items() if Action.CLOSE in moves} == set(Phase) - {Phase.CLOSED}


def test_everybody_is_told_who_is_held_who_leads_and_between_whom_a_private_part_is() -> None:
    room = a_room(3, joined=3)
    ruled = Conditions(frozenset(SEATS[:1]), frozenset(SEATS[1:3]), SEATS[2], SEATS[1])

    told = states(room.set_conditions(ruled, 1.0))

    assert set(told) == set(SEATS[:3])
    state = told[SEATS[0]]
    assert state.private
    assert [peer.held for peer in state.peers] == [True, False, False]
    assert [peer.private for peer in state.peers] == [False, True, True]
    assert [peer.lead for peer in state.peers] == [False, False, True]
    assert [peer.offered for peer in state.peers] == [False, True, False]
    assert room.set_conditions(ruled, 2.0) == []


@pytest.mark.parametrize(
    "ruled",
    [
        Conditions(held=frozenset(SEATS[:1])),
        Conditions(private=frozenset(SEATS[1:3])),
        Conditions(private=frozenset()),  # a group that nobody is left of opens nothing
    ],
)
def test_who_is_shut_out_may_not_speak_until_the_conditions_are_off(ruled: Conditions) -> None:
    room = a_room(3, joined=3)
    room.set_conditions(ruled, 1.0)

    with pytest.raises(OnHold):
        room.check_may_speak(SEATS[0])

    room.set_conditions(Conditions(), 2.0)
    room.check_may_speak(SEATS[0])


def test_hands_keep_the_order_in_which_they_were_raised() -> None:
    room = a_room(3, joined=3)
    for seat in (SEATS[2], SEATS[0], SEATS[1]):
        room.hand(seat, up=True, now=1.0)

    state = states(room.hand(SEATS[2], up=False, now=2.0))[SEATS[0]]

    assert [peer.hand for peer in state.peers] == [1, 2, 0]
    assert room.hand(SEATS[2], up=False, now=3.0) == []


def test_a_hand_outlives_a_lost_socket_and_falls_with_a_removal() -> None:
    room = a_room(3, joined=3)
    room.hand(SEATS[0], up=True, now=1.0)
    room.hand(SEATS[1], up=True, now=1.0)

    room.leave(SEATS[1], 2.0)
    back = states(room.join(SEATS[1], 3.0))[SEATS[1]]
    room.remove(SEATS[0], "removed", 4.0)
    after = states(room.media(SEATS[1], audio=True, video=False, now=5.0))[SEATS[1]]

    assert [peer.hand for peer in back.peers] == [1, 2, 0]
    assert [peer.hand for peer in after.peers] == [1, 0]


class RoomMachine(RuleBasedStateMachine):
    """Random people do random things; the model says who may and what is forwarded."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.members = set(SEATS[:2])
        self.here: set[SeatId] = set()
        self.room = Room(ROOM, map(a_member, SEATS[:2]), countdown_ms=3000, now=0.0)
        self.phase = Phase.COUNTDOWN
        self.seen: dict[tuple[SeatId, SeatId], int | None] = {}

    @rule(seat=st.sampled_from(SEATS))
    def join(self, seat: SeatId) -> None:
        refusal = self.refusal(UnknownRoom if seat not in self.members else None)
        envelopes = self.attempt(refusal, lambda: self.room.join(seat, self.now))
        if refusal is None:
            self.here.add(seat)
            assert seat in states(envelopes)

    @rule(seat=st.sampled_from(SEATS))
    def leave(self, seat: SeatId) -> None:
        self.take(self.room.leave(seat, self.now), told=self.here - {seat})
        self.here.discard(seat)

    @rule(seat=st.sampled_from(SEATS))
    def admit(self, seat: SeatId) -> None:
        is_full = seat not in self.members and len(self.members) == MAX_MEMBERS
        refusal: type[SignalingError] | None = RoomFull if is_full else None
        if self.phase is Phase.CLOSED:
            refusal = RoomClosed
        self.attempt(refusal, lambda: self.room.admit(a_member(seat), self.now))
        if refusal is None:
            self.members.add(seat)

    @rule(seat=st.sampled_from(SEATS))
    def remove(self, seat: SeatId) -> None:
        farewell = states(self.room.remove(seat, "removed", self.now)).get(seat)
        assert (farewell is not None) == (seat in self.here)
        self.members.discard(seat)
        self.here.discard(seat)
        self.seen = {pair: slot for pair, slot in self.seen.items() if seat not in pair}

    @rule(seat=st.sampled_from(SEATS), audio=st.booleans(), video=st.booleans())
    def media(self, seat: SeatId, audio: bool, video: bool) -> None:
        refusal = self.refusal(UnknownRoom if seat not in self.members else None)
        if refusal is None and seat not in self.here:
            refusal = NotJoined
        self.attempt(refusal, lambda: self.room.media(seat, audio=audio, video=video, now=self.now))

    @rule(seconds=st.floats(0, 2))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.room.tick(self.now), told=self.here)
        if self.phase is Phase.COUNTDOWN and self.now >= 3.0:
            self.phase = Phase.LIVE

    @precondition(lambda self: len(self.members) > 2)
    @rule()
    def close(self) -> None:
        self.take(self.room.close("ended", self.now), told=self.here)
        self.phase = Phase.CLOSED
        self.here.clear()

    @invariant()
    def the_room_is_what_the_model_says(self) -> None:
        view = self.room.view()
        assert view.phase is self.phase
        assert view.present == self.here
        assert {m.seat for m in view.members} == self.members
        assert len(view.members) == len(self.members) <= MAX_MEMBERS

    @invariant()
    def slots_are_single_and_stable(self) -> None:
        for member in self.room.view().members:
            assert set(member.slots) == self.members - {member.seat}
            assert len(set(member.slots.values())) == len(member.slots)
            for seat, slot in member.slots.items():
                assert 0 <= slot < MAX_MEMBERS - 1
                assert self.seen.setdefault((member.seat, seat), slot) == slot

    @invariant()
    def only_a_live_room_forwards_and_only_to_those_present(self) -> None:
        view = self.room.view()
        pairs = {(row.receiver, row.sender) for row in rows(view.phase, view.members, view.conditions)}
        everyone = {(a, b) for a in self.here for b in self.here if a != b}
        assert pairs == (everyone if self.phase is Phase.LIVE else set())

    def refusal(self, refusal: type[SignalingError] | None) -> type[SignalingError] | None:
        return RoomClosed if refusal is None and self.phase is Phase.CLOSED else refusal

    def attempt(self, refusal: type[SignalingError] | None, act: object) -> list[Envelope]:
        assert callable(act)
        if refusal is None:
            envelopes: list[Envelope] = act()
            self.take(envelopes)
            return envelopes
        with pytest.raises(refusal):
            act()
        return []

    def take(self, envelopes: list[Envelope], *, told: set[SeatId] | None = None) -> None:
        """Envelopes are readable by their receivers and reach nobody who is not there."""
        for envelope in envelopes:
            assert decode_server(encode(envelope.event)) == envelope.event
        if told is not None:
            assert {e.to for e in envelopes} <= told


RoomMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestRoomMachine = RoomMachine.TestCase
