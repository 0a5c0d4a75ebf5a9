"""Tickets: single use, short life, bounded memory."""

import pytest

from signaling.errors import TicketExpired, TicketRefused
from signaling.ids import SeatId
from signaling.tokens import Claims, Tickets
from tests.signaling.peers import HandClock

CLAIMS = Claims(SeatId("p-1"), "login-1")


def test_a_ticket_is_good_once() -> None:
    tickets = Tickets(HandClock())
    ticket = tickets.issue(CLAIMS)

    assert tickets.redeem(ticket).claims == CLAIMS
    with pytest.raises(TicketRefused):
        tickets.redeem(ticket)


def test_a_ticket_lives_thirty_seconds() -> None:
    clock = HandClock()
    tickets = Tickets(clock)
    in_time, late = tickets.issue(CLAIMS), tickets.issue(CLAIMS)

    clock.seconds = 29.999
    assert tickets.redeem(in_time).claims == CLAIMS
    clock.seconds = 30.0
    with pytest.raises(TicketExpired):
        tickets.redeem(late)
    with pytest.raises(TicketRefused) as used_up:
        tickets.redeem(late)
    assert used_up.value.code == "ticket_refused"


@pytest.mark.parametrize("ticket", ["", "x", "\ud800", "票" * 128])
def test_what_was_never_issued_is_refused(ticket: str) -> None:
    with pytest.raises(TicketRefused):
        Tickets(HandClock()).redeem(ticket)


def test_the_memory_is_bounded_and_the_oldest_goes_first() -> None:
    tickets = Tickets(HandClock(), kept=100)

    issued = [tickets.issue(CLAIMS) for _ in range(150)]

    assert len(tickets) == 100
    assert tickets.redeem(issued[50]).claims == CLAIMS
    with pytest.raises(TicketRefused):
        tickets.redeem(issued[49])


def test_a_withdrawn_login_keeps_no_ticket_and_others_keep_theirs() -> None:
    tickets = Tickets(HandClock())
    withdrawn, kept = tickets.issue(CLAIMS), tickets.issue(Claims(SeatId("p-2"), "login-2"))

    tickets.withdraw("login-1")

    with pytest.raises(TicketRefused):
        tickets.redeem(withdrawn)
    assert tickets.redeem(kept).claims.login == "login-2"


def test_tickets_are_long_and_all_different() -> None:
    tickets = Tickets(HandClock(), kept=20_000)

    issued = {tickets.issue(CLAIMS) for _ in range(10_000)}

    assert len(issued) == 10_000
    assert {len(ticket) for ticket in issued} == {43}  # 256 bits in base64url
