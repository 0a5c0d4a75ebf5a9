"""Where a one-time link stands, as a function of its moments, the hour and its visit."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reception.domain.attendance import Asked, Presence, presence_of
from reception.domain.guests import GuestEnd, GuestState, LinkDead, LinkFacts, Standing, standing_of
from reception.domain.visits import VisitState
from tests.support.factories import NOW

MINUTE = timedelta(minutes=1)
FRESH = LinkFacts(
    not_before=NOW,
    expires_at=NOW + 15 * MINUTE,
    redeemed_at=None,
    proven_at=None,
    waiting_at=None,
    admitted_at=None,
    why_ended=None,
    is_removed=False,
    visit=VisitState.IN_CALL,
)
OPENED = replace(FRESH, redeemed_at=NOW)
PROVEN = replace(OPENED, proven_at=NOW)
WAITING = replace(PROVEN, waiting_at=NOW)
ADMITTED = replace(WAITING, admitted_at=NOW)


@pytest.mark.parametrize(
    ("link", "state"),
    [
        (FRESH, GuestState.ISSUED),
        (OPENED, GuestState.CODE),
        (PROVEN, GuestState.NAME),
        (WAITING, GuestState.LOBBY),
        (ADMITTED, GuestState.ADMITTED),
    ],
)
def test_a_link_goes_from_step_to_step(link: LinkFacts, state: GuestState) -> None:
    assert standing_of(link, NOW) == Standing(state)


@pytest.mark.parametrize("link", [FRESH, OPENED])
def test_a_link_runs_out_until_its_code_was_right(link: LinkFacts) -> None:
    assert standing_of(link, link.expires_at - timedelta(microseconds=1)).end is None
    assert standing_of(link, link.expires_at).end is GuestEnd.EXPIRED


@pytest.mark.parametrize("link", [PROVEN, WAITING, ADMITTED])
def test_who_has_shown_the_code_is_not_put_out_by_the_hour(link: LinkFacts) -> None:
    assert standing_of(link, NOW + timedelta(hours=3)).end is None


@pytest.mark.parametrize("link", [FRESH, OPENED, PROVEN, WAITING, ADMITTED])
@pytest.mark.parametrize("visit", set(VisitState) - {VisitState.IN_CALL, VisitState.SUSPENDED})
def test_a_link_dies_with_its_visit(link: LinkFacts, visit: VisitState) -> None:
    standing = standing_of(replace(link, visit=visit), NOW)

    assert standing == Standing(GuestState.OVER, GuestEnd.VISIT_OVER)
    with pytest.raises(LinkDead, match="visit_over") as dead:
        standing.refuse_dead()
    assert dead.value.code == "guest_link_visit_over"


def test_a_suspended_visit_keeps_its_guests() -> None:
    assert standing_of(replace(ADMITTED, visit=VisitState.SUSPENDED), NOW).state is GuestState.ADMITTED


def test_who_was_removed_or_revoked_is_told_so() -> None:
    assert standing_of(replace(ADMITTED, is_removed=True), NOW).end is GuestEnd.REMOVED
    assert standing_of(replace(WAITING, why_ended="revoked"), NOW).end is GuestEnd.REVOKED


ASKED = Asked(NOW, NOW, None, None, None, None)


@pytest.mark.parametrize(
    ("asked", "after_s", "presence"),
    [
        (ASKED, 0, Presence.RINGING),
        (ASKED, 29, Presence.RINGING),
        (ASKED, 30, Presence.NO_ANSWER),  # now the next of the chain is offered
        (replace(ASKED, rung_at=None), 0, Presence.UNREACHED),
        (replace(ASKED, accepted_at=NOW), 60, Presence.ACCEPTED),
        (replace(ASKED, accepted_at=NOW, joined_at=NOW), 60, Presence.PRESENT),
        (replace(ASKED, accepted_at=NOW, joined_at=NOW, left_at=NOW), 60, Presence.LEFT),
        (replace(ASKED, why_closed="declined"), 0, Presence.DECLINED),
        (replace(ASKED, why_closed="passed_on"), 60, Presence.PASSED_ON),
        (replace(ASKED, why_closed="link_dead"), 60, Presence.WITHDRAWN),
        (replace(ASKED, joined_at=NOW, why_closed="link_dead"), 60, Presence.PRESENT),
    ],
)
def test_what_became_of_an_invitation_follows_from_its_moments(
    asked: Asked, after_s: int, presence: Presence
) -> None:
    assert presence_of(asked, NOW + timedelta(seconds=after_s)) is presence
