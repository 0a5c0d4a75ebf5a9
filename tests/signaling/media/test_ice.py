"""The relay sends only to addresses that proved to be the browser's, and answers nobody else."""

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.relay.ice import CONSENT_EXPIRES_S, CONSENT_INTERVAL_S, IceResponder, is_stun
from signaling.media.relay.ports import Address

BROWSER: Address = ("192.0.2.1", 5000)
OTHER: Address = ("192.0.2.9", 6000)
PASSWORD = "browserpasswordbrowserpassword"


class Wire:
    """The responder under test and what it sent and selected."""

    def __init__(self) -> None:
        self.sent: list[tuple[stun.Message, Address]] = []
        self.selected: list[Address] = []
        self.ice = IceResponder("brow", PASSWORD, self._send, self.selected.append)

    def _send(self, datagram: bytes, address: Address) -> None:
        self.sent.append((stun.parse_message(datagram), address))

    def request(self, *, key: str | None = None, username: str | None = None, **extra: int | None) -> bytes:
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = username or f"{self.ice.ufrag}:brow"
        for name, value in extra.items():
            message.attributes[name.replace("_", "-")] = value
        message.add_message_integrity((key or self.ice.password).encode())
        return bytes(message)

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


def test_consent_is_asked_for_and_expires(wire: Wire) -> None:
    wire.ice.received(wire.request(USE_CANDIDATE=None), BROWSER, 0.0)
    wire.ice.received(wire.response(), BROWSER, 0.0)
    assert wire.ice.tick(CONSENT_INTERVAL_S + 1)
    assert len(wire.checked()) == 2
    wire.ice.received(wire.response(), BROWSER, CONSENT_INTERVAL_S + 1)

    assert wire.ice.tick(CONSENT_EXPIRES_S + CONSENT_INTERVAL_S)
    assert not wire.ice.tick(CONSENT_EXPIRES_S + CONSENT_INTERVAL_S + 2)


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
