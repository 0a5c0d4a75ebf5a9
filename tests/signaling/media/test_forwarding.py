"""The forwarding rules hold for every room there can be."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.ids import SeatId
from signaling.media.forwarding import Conditions, Phase, Place, Row
from signaling.media.forwarding import rows as table_of

SEATS = [SeatId(name) for name in "abcdef"]
OPEN = Conditions()


def rows(phase: Phase, members: list[Place]) -> frozenset[Row]:
    return table_of(phase, members, OPEN)


@st.composite
def rooms(draw: st.DrawFn) -> list[Place]:
    seats = draw(st.lists(st.sampled_from(SEATS), unique=True, max_size=6))
    slots = st.dictionaries(st.sampled_from(SEATS), st.integers(0, 4))
    return [Place(seat, draw(st.booleans()), draw(slots)) for seat in seats]


def live_pair() -> list[Place]:
    return [Place(SEATS[0], True, {SEATS[1]: 0}), Place(SEATS[1], True, {SEATS[0]: 3})]


@given(rooms())
def test_nobody_receives_its_own_tracks(members: list[Place]) -> None:
    assert all(row.receiver != row.sender for row in rows(Phase.LIVE, members))


@given(rooms())
def test_only_present_members_send_and_receive(members: list[Place]) -> None:
    present = {member.seat for member in members if member.present}

    table = rows(Phase.LIVE, members)

    assert {row.receiver for row in table} | {row.sender for row in table} <= present


@given(rooms())
def test_a_slot_carries_one_sender_of_each_kind(members: list[Place]) -> None:
    table = rows(Phase.LIVE, members)

    assert len({(row.receiver, row.slot, row.kind) for row in table}) == len(table)


@given(rooms())
def test_sound_and_picture_of_a_slot_come_from_one_seat(members: list[Place]) -> None:
    table = rows(Phase.LIVE, members)

    assert len({(row.receiver, row.slot, row.sender) for row in table}) * 2 == len(table)


@given(rooms(), st.sampled_from([Phase.COUNTDOWN, Phase.CLOSED]))
def test_nothing_is_forwarded_unless_the_room_is_live(members: list[Place], phase: Phase) -> None:
    assert rows(phase, members) == frozenset()


@given(rooms())
def test_a_sender_is_shown_in_the_slot_that_the_room_gave_it(members: list[Place]) -> None:
    slots = {member.seat: member.slots for member in members}

    assert all(slots[row.receiver][row.sender] == row.slot for row in rows(Phase.LIVE, members))


def test_a_live_pair_sees_and_hears_each_other() -> None:
    table = rows(Phase.LIVE, live_pair())

    assert {(row.receiver, row.slot, row.sender, row.kind) for row in table} == {
        ("a", 0, "b", "audio"),
        ("a", 0, "b", "video"),
        ("b", 3, "a", "audio"),
        ("b", 3, "a", "video"),
    }


@st.composite
def conditions(draw: st.DrawFn) -> Conditions:
    seats = st.frozensets(st.sampled_from(SEATS))
    return Conditions(held=draw(seats), private=draw(st.none() | seats), lead=draw(st.sampled_from(SEATS)))


@given(rooms(), conditions())
def test_who_is_held_gives_nothing_and_gets_nothing(members: list[Place], ruled: Conditions) -> None:
    table = table_of(Phase.LIVE, members, ruled)

    assert not ruled.held & ({row.receiver for row in table} | {row.sender for row in table})


@given(rooms(), conditions())
def test_only_the_group_of_a_private_part_exchanges(members: list[Place], ruled: Conditions) -> None:
    table = table_of(Phase.LIVE, members, ruled)

    if ruled.private is not None:
        assert {row.receiver for row in table} | {row.sender for row in table} <= ruled.private


@given(rooms(), conditions())
def test_a_condition_only_ever_takes_rows_away(members: list[Place], ruled: Conditions) -> None:
    admitted = [member for member in members if ruled.admits(member.seat)]

    table = table_of(Phase.LIVE, members, ruled)

    assert table == rows(Phase.LIVE, admitted)


def test_without_conditions_the_same_pair_exchanges() -> None:
    """The negative control: the rows above are missing because of the conditions alone."""
    free, held = table_of(Phase.LIVE, live_pair(), OPEN), Conditions(held=frozenset(SEATS[:1]))

    assert len(free) == 4
    assert table_of(Phase.LIVE, live_pair(), held) == frozenset()
