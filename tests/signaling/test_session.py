"""The session's rules alone: numbers, what is kept, who may go on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.ids import SeatId
from signaling.limits import Limits
from signaling.messages import Duty, RingStopped, decode_server
from signaling.ports import StoredSession
from signaling.session import Backlog, Bearer, Session, Tally, Verdict, judge
from signaling.tokens import Claims

SEAT = SeatId("p-1")
CLAIMS = Claims(SEAT, "login-1")
BEARER = Bearer(CLAIMS, number=2, sid="s-1", token_hash="newest")
STORED = StoredSession("s-1", SEAT, "login-1", "newest", "previous", "epoch-1")


def a_session(sid: str = "s-1", *, number: int = 1, seq: int = 0, pos: int = 0) -> Session:
    return Session(sid, CLAIMS, Limits(), number=number, seq=seq, pos=pos)


def a_lonely_session() -> Session:
    session = a_session()
    session.detached(0.0)
    return session


def verdict(
    bearer: Bearer = BEARER,
    stored: StoredSession | None = STORED,
    held: Session | None = None,
    *,
    is_connected: bool = True,
    epoch: str = "epoch-1",
    now: float = 0.0,
) -> Verdict:
    return judge(bearer, stored, held, is_connected=is_connected, epoch=epoch, now=now)


def a_view(pending: int = 0) -> Duty:
    return Duty(state="ready", pending=pending)


def a_fact(pos: int) -> RingStopped:
    return RingStopped(visit="v-1", why="answered", pos=pos)


def numbers(frames: tuple[bytes, ...] | None) -> list[int] | None:
    return None if frames is None else [getattr(decode_server(frame), "seq") for frame in frames]  # noqa: B009


def test_the_newest_and_the_previous_token_go_on_and_every_other_is_a_copy() -> None:
    verdicts = {
        token: verdict(replace(BEARER, token_hash=token), held=a_session())
        for token in ("newest", "previous", "older")
    }

    assert verdicts == {
        "newest": Verdict.GO_ON,
        "previous": Verdict.GO_ON,
        "older": Verdict.REUSED,
    }


def test_once_the_newest_was_used_the_previous_is_a_copy() -> None:
    confirmed = replace(STORED, previous_hash=None)

    assert verdict(replace(BEARER, token_hash="previous"), confirmed, a_session()) is Verdict.REUSED


@pytest.mark.parametrize("token", ["newest", "previous", "older"])
def test_what_comes_behind_a_newer_resume_is_late_whatever_it_shows(token: str) -> None:
    late = replace(BEARER, token_hash=token, number=1)

    assert verdict(late, held=a_session(number=2)) is Verdict.LATE


@pytest.mark.parametrize("claims", [Claims(SEAT, "login-2"), Claims(SeatId("p-2"), "login-1")])
def test_another_seat_or_login_is_a_conflict_even_with_the_right_token(claims: Claims) -> None:
    assert verdict(replace(BEARER, claims=claims)) is Verdict.CONFLICT


def test_a_session_of_an_earlier_run_is_adopted_and_its_copies_are_noticed() -> None:
    assert verdict(epoch="epoch-2") is Verdict.ADOPT
    assert verdict(replace(BEARER, token_hash="older"), epoch="epoch-2") is Verdict.REUSED


def test_a_session_that_this_run_has_let_go_of_is_over() -> None:
    assert verdict(held=None) is Verdict.EXPIRED
    assert verdict(stored=None) is Verdict.EXPIRED


def test_the_window_is_counted_from_the_loss_of_the_socket() -> None:
    held = a_lonely_session()

    assert verdict(held=held, now=120.0) is Verdict.GO_ON
    assert verdict(held=held, now=120.1) is Verdict.EXPIRED


def test_a_page_whose_seat_another_page_holds_stays_away_while_that_one_is_there() -> None:
    other = a_session("s-2")

    assert verdict(stored=None, held=other) is Verdict.TAKEN_OVER
    assert verdict(stored=None, held=other, is_connected=False) is Verdict.EXPIRED


def test_a_session_that_was_begun_for_the_same_page_keeps_nobody_out() -> None:
    successor = Session("s-2", CLAIMS, Limits(), number=1, instead_of="s-1")

    assert verdict(stored=None, held=successor) is Verdict.EXPIRED


@pytest.mark.parametrize("is_connected", [True, False])
def test_what_comes_behind_the_session_that_was_begun_instead_is_late(*, is_connected: bool) -> None:
    """A page gave a socket up, its next one was told `gap` and `welcome`, then the first one's frame came."""
    successor = Session("s-2", CLAIMS, Limits(), number=3, instead_of="s-1")

    assert verdict(stored=None, held=successor, is_connected=is_connected) is Verdict.LATE


def test_events_are_numbered_from_one_and_a_fact_is_told_once() -> None:
    session = a_session(pos=4)

    told = [session.record(event, 0.0) for event in (a_view(), a_fact(4), a_fact(5), a_fact(5), a_view())]

    assert [frame and getattr(decode_server(frame), "seq") for frame in told] == [1, None, 2, None, 3]  # noqa: B009
    assert session.pos == 5


def test_an_adopted_session_goes_on_behind_what_its_page_has() -> None:
    session = a_session(seq=41, pos=7)

    assert session.record(a_fact(7), 0.0) is None
    session.record(a_fact(8), 0.0)

    assert numbers(session.replay(41, 0.0)) == [42]
    assert session.replay(40, 0.0) is None


def test_what_is_acknowledged_is_let_go() -> None:
    session = a_session()
    for _ in range(5):
        session.record(a_view(), 0.0)

    session.acknowledge(3)
    session.acknowledge(99)  # was never told

    assert session.replay(2, 0.0) is None
    assert numbers(session.replay(3, 0.0)) == [4, 5]
    assert numbers(session.replay(5, 0.0)) == []
    assert session.replay(6, 0.0) is None


def test_events_grow_old_only_while_there_is_a_socket() -> None:
    session = a_session()
    session.record(a_view(), 0.0)
    session.record(a_view(), 100.0)
    session.detached(119.0)

    kept = numbers(session.replay(0, 238.0))
    session.attached(2)
    aged = session.replay(0, 238.0)

    assert kept == [1, 2]
    assert aged is None


@pytest.mark.parametrize(
    ("limits", "count", "kept"),
    [
        (Limits(backlog_events=3), 5, 3),
        (Limits(backlog_bytes=250), 5, 3),  # frames of 78 bytes
    ],
)
def test_the_backlog_is_bounded_by_events_and_bytes(limits: Limits, count: int, kept: int) -> None:
    session = Session("s-1", CLAIMS, limits, number=1)
    for _ in range(count):
        session.record(a_view(), 0.0)

    assert session.replay(count - kept - 1, 0.0) is None
    assert numbers(session.replay(count - kept, 0.0)) == list(range(count - kept + 1, count + 1))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("keep"), st.floats(0, 60)),
            st.tuples(st.just("ack"), st.integers(0, 40)),
        ),
        max_size=60,
    ),
    st.integers(0, 45),
)
def test_a_backlog_tells_all_behind_a_number_or_admits_that_it_cannot(
    life: list[tuple[str, float]], asked: int
) -> None:
    backlog, now, newest = Backlog(Limits(backlog_events=8), 0), 0.0, 0
    for what, amount in life:
        if what == "keep":
            now += amount
            newest += 1
            backlog.keep(newest, b"%d" % newest, now)
        else:
            backlog.acknowledge(int(amount))

    frames = backlog.after(asked, now)

    if frames is not None:
        assert [int(frame) for frame in frames] == list(range(asked + 1, newest + 1))
    assert frames is not None or asked != newest


@given(st.permutations(range(1, 20)))
def test_commands_are_counted_without_a_gap_in_whatever_order_they_end(order: list[int]) -> None:
    tally = Tally()
    done: set[int] = set()

    for cseq in order:
        tally.done(cseq)
        done.add(cseq)
        assert set(range(1, tally.upto + 1)) <= done
        assert tally.upto + 1 not in done

    assert tally.upto == 19


def test_a_peer_that_counts_wildly_fills_no_memory() -> None:
    tally = Tally()

    for cseq in range(2, 100_000, 2):
        tally.done(cseq)

    assert tally.upto == 0
    assert len(tally._ahead) <= 256
