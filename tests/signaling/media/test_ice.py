"""The relay sends only to addresses that proved to be the browser's, and answers nobody else."""

from dataclasses import dataclass

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.relay.bounds import CONSENT_EXPIRES_S, CONSENT_INTERVAL_S, IDLE_ENDS_S, RECHECK_S
from signaling.media.relay.ice import Consent, IceResponder, is_stun
from signaling.media.relay.ports import Address
from signaling.media.relay.ration import Ration

BROWSER: Address = ("192.0.2.1", 5000)
OTHER: Address = ("192.0.2.9", 6000)
PASSWORD = "browserpasswordbrowserpassword"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of one ICE session: the responder's ufrag and password, and the browser's."""

    ufrag: str
    password: str
    browser_ufrag: str = "brow"
    browser_password: str = PASSWORD


class Wire:
    """The responder under test and what it sent and selected."""

    def __init__(self) -> None:
        self.sent: list[tuple[stun.Message, Address]] = []
        self.selected: list[Address] = []
        self.ice = IceResponder("brow", PASSWORD, self._send, self.selected.append)
        self.first = Credentials(self.ice.ufrag, self.ice.password)

    def _send(self, datagram: bytes, address: Address) -> None:
        self.sent.append((stun.parse_message(datagram), address))

    def restart(self) -> Credentials:
        self.ice.restart("fresh", "freshpasswordfreshpassword")
        return Credentials(self.ice.ufrag, self.ice.password, "fresh", "freshpasswordfreshpassword")

    def request(
        self,
        *,
        key: str | None = None,
        username: str | None = None,
        by: Credentials | None = None,
        **extra: int | None,
    ) -> bytes:
        by = by or self.first
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = username or f"{by.ufrag}:{by.browser_ufrag}"
        for name, value in extra.items():
            message.attributes[name.replace("_", "-")] = value
        message.add_message_integrity((key or by.password).encode())
        return bytes(message)

    def seated_at(self, address: Address, now: float, by: Credentials | None = None) -> None:
        """The browser checks, is checked and nominates."""
        self.ice.received(self.request(by=by, USE_CANDIDATE=None), address, now)
        self.ice.received(self.response(key=(by or self.first).browser_password), address, now)

    def checked(self) -> list[tuple[stun.Message, Address]]:
        return [(m, address) for m, address in self.sent if m.message_class == stun.Class.REQUEST]

    def response(self, *, key: str = PASSWORD) -> bytes:
        """The browser's answer to the responder's latest check."""
        message = stun.Message(
            stun.Method.BINDING,
            stun.Class.RESPONSE,
            transaction_id=self.checked()[-1][0].transaction_id,
        )
        message.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 1)
        message.add_message_integrity(key.encode())
        return bytes(message)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_browser_is_found_by_its_own_check(wire: Wire) -> None:
    assert wire.ice.received(wire.request(USE_CANDIDATE=None), BROWSER, 1.0)
    assert wire.selected == []

    assert wire.ice.received(wire.response(), BROWSER, 1.0)

    assert wire.selected == [BROWSER]
    assert {address for _, address in wire.sent} == {BROWSER}


def test_an_address_that_is_not_nominated_is_not_used(wire: Wire) -> None:
    wire.ice.received(wire.request(), BROWSER, 1.0)
    wire.ice.received(wire.response(), BROWSER, 1.0)
    assert wire.selected == []

    wire.ice.received(wire.request(USE_CANDIDATE=None), BROWSER, 1.1)

    assert wire.selected == [BROWSER]


def test_a_forged_source_address_is_checked_but_never_used(wire: Wire) -> None:
    wire.ice.received(wire.request(USE_CANDIDATE=None), OTHER, 1.0)

    assert not wire.ice.received(wire.response(key="x" * 30), OTHER, 1.0)
    assert not wire.ice.received(wire.response(), BROWSER, 1.0)
    assert wire.selected == []


@pytest.mark.parametrize(
    ("key", "username"),
    [
        ("wrong" * 6, None),  # does not know the password
        (None, "someone:brow"),  # another transport's name
        (None, "x"),
    ],
)
def test_who_does_not_prove_the_password_gets_no_reply(
    wire: Wire, key: str | None, username: str | None
) -> None:
    assert not wire.ice.received(wire.request(key=key, username=username), OTHER, 1.0)
    assert wire.sent == []


def test_a_browser_that_moves_is_followed_once_its_new_address_is_proven(wire: Wire) -> None:
    for address in (BROWSER, OTHER):
        wire.ice.received(wire.request(USE_CANDIDATE=None), address, 1.0)
        wire.ice.received(wire.response(), address, 1.0)

    assert wire.selected == [BROWSER, OTHER]


def test_a_browser_in_the_wrong_role_is_told(wire: Wire) -> None:
    wire.ice.received(wire.request(ICE_CONTROLLED=5), BROWSER, 1.0)

    assert [message.error_code for message, _ in wire.sent] == [487]


def test_a_check_from_a_new_address_alone_moves_nothing(wire: Wire) -> None:
    wire.seated_at(BROWSER, 1.0)

    wire.ice.received(wire.request(), OTHER, 2.0)
    wire.ice.received(wire.response(), OTHER, 2.0)
    wire.ice.received(wire.request(), OTHER, 2.1)

    assert wire.selected == [BROWSER]
    assert wire.ice.proven(OTHER)


def test_an_address_that_was_left_is_not_returned_to_without_a_nomination(wire: Wire) -> None:
    wire.seated_at(OTHER, 1.0)
    wire.seated_at(BROWSER, 2.0)

    wire.ice.received(wire.request(), OTHER, 3.0)

    assert wire.selected == [OTHER, BROWSER]


def test_a_browser_that_goes_back_to_an_address_is_followed_at_once(wire: Wire) -> None:
    wire.seated_at(OTHER, 1.0)
    wire.seated_at(BROWSER, 2.0)

    wire.ice.received(wire.request(USE_CANDIDATE=None), OTHER, 3.0)

    assert wire.selected == [OTHER, BROWSER, OTHER]


def test_consent_is_asked_for_and_expires(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)
    wire.ice.tick(0.05)
    assert len(wire.checked()) == 2
    wire.ice.received(wire.response(), BROWSER, 0.05)
    assert wire.ice.tick(CONSENT_INTERVAL_S + 1) is Consent.GIVEN
    assert len(wire.checked()) == 3
    wire.ice.received(wire.response(), BROWSER, CONSENT_INTERVAL_S + 1)

    assert wire.ice.tick(CONSENT_EXPIRES_S + CONSENT_INTERVAL_S) is Consent.GIVEN
    assert wire.ice.tick(CONSENT_EXPIRES_S + CONSENT_INTERVAL_S + 2) is Consent.EXPIRED
    assert wire.ice.tick(IDLE_ENDS_S + CONSENT_INTERVAL_S) is Consent.EXPIRED
    assert wire.ice.tick(IDLE_ENDS_S + CONSENT_INTERVAL_S + 2) is Consent.GONE


def test_a_browser_that_does_not_answer_is_asked_every_second_and_used_again_when_it_does(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)
    for tick in range(1, 1201):
        consent = wire.ice.tick(tick / 20)
    asked = len(wire.checked())
    assert consent is Consent.EXPIRED
    assert asked == pytest.approx(60 / RECHECK_S, abs=8)

    wire.ice.received(wire.response(), BROWSER, 60.1)

    assert wire.ice.tick(60.2) is Consent.GIVEN
    assert wire.selected == [BROWSER, BROWSER]


def test_after_consent_has_expired_a_nomination_needs_a_new_proof(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)
    wire.ice.tick(CONSENT_EXPIRES_S + 1)

    wire.ice.received(wire.request(USE_CANDIDATE=None), BROWSER, CONSENT_EXPIRES_S + 2)

    assert wire.selected == [BROWSER]
    assert not wire.ice.proven(BROWSER)


def test_a_restart_serves_the_old_path_until_the_new_one_is_nominated(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)
    fresh = wire.restart()
    assert fresh.ufrag != wire.first.ufrag
    assert fresh.password != wire.first.password

    assert wire.ice.received(wire.request(), BROWSER, 1.0)
    assert wire.ice.received(wire.request(by=fresh), OTHER, 1.0)
    assert wire.ice.received(wire.response(key=fresh.browser_password), OTHER, 1.0)
    assert wire.selected == [BROWSER]

    assert wire.ice.received(wire.request(by=fresh, USE_CANDIDATE=None), OTHER, 1.1)
    assert wire.selected == [BROWSER, OTHER]
    assert not wire.ice.received(wire.request(), BROWSER, 1.2)


def test_a_restart_may_keep_the_address(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)

    wire.seated_at(BROWSER, 1.0, by=wire.restart())

    assert wire.selected == [BROWSER, BROWSER]
    assert not wire.ice.received(wire.request(), BROWSER, 1.1)


def test_a_second_restart_takes_the_place_of_one_that_came_to_nothing(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)
    first, second = wire.restart(), wire.restart()

    assert not wire.ice.received(wire.request(by=first, USE_CANDIDATE=None), OTHER, 1.0)
    wire.seated_at(OTHER, 1.0, by=second)

    assert wire.selected == [BROWSER, OTHER]


def test_a_restart_is_not_completed_by_the_old_password(wire: Wire) -> None:
    wire.seated_at(BROWSER, 0.0)
    fresh = wire.restart()
    wire.ice.received(wire.request(by=fresh, USE_CANDIDATE=None), OTHER, 1.0)

    assert not wire.ice.received(wire.response(key=PASSWORD), OTHER, 1.0)
    assert wire.selected == [BROWSER]


def test_one_address_cannot_use_up_the_ration_of_another() -> None:
    ration = Ration()
    for _ in range(1000):
        ration.allow(OTHER, BROWSER)
    assert not ration.allow(OTHER, BROWSER)
    assert ration.allow(("192.0.2.3", 1), BROWSER)

    for port in range(1000):
        ration.allow(("192.0.2.4", port), BROWSER)

    assert not ration.allow(("192.0.2.5", 1), BROWSER)
    assert ration.allow(BROWSER, BROWSER)
    ration.refill()
    assert ration.allow(OTHER, BROWSER)


def test_addresses_are_forgotten_beyond_a_limit(wire: Wire) -> None:
    wire.ice.received(wire.request(USE_CANDIDATE=None), BROWSER, 1.0)
    wire.ice.received(wire.response(), BROWSER, 1.0)
    for port in range(100):
        wire.ice.received(wire.request(USE_CANDIDATE=None), ("192.0.2.2", port + 1), 1.0)

    wire.ice.received(wire.request(USE_CANDIDATE=None), BROWSER, 2.0)

    assert wire.selected == [BROWSER]


@given(st.binary(max_size=200))
def test_any_datagram_is_dropped_without_a_reply(body: bytes) -> None:
    wire = Wire()
    for datagram in (body, b"\x00\x01" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + body):
        if is_stun(datagram):
            assert not wire.ice.received(datagram, OTHER, 1.0)
    assert wire.sent == []
