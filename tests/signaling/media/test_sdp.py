"""Offers go through the allow-list or are refused; nothing else happens to them."""

import re
from collections import Counter
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from signaling.media.sdp import (
    ABS_SEND_TIME,
    MAX_OFFER_BYTES,
    TRANSPORT_CC,
    Answering,
    BadSdp,
    read_offer,
    write_answer,
)
from tests.signaling.media import fuzz_sdp
from tests.signaling.media.fuzz_sdp import ALLOWED_ATTRIBUTES

CHROMIUM = (Path(__file__).parent / "samples" / "chromium_offer.sdp").read_text().replace("\n", "\r\n")
WITH_REDUNDANCY = CHROMIUM.replace("SAVPF 111\r", "SAVPF 63 111\r").replace(
    "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2",
)


def answer_to(offer: str, host: str = "127.0.0.1") -> str:
    parsed = read_offer(offer)
    return write_answer(
        parsed,
        Answering("relayufr", "relaypasswordrelaypassword", "AA:" * 31 + "AA", host, 40000, range(1, 13)),
    )


def lines_of(answer: str) -> list[str]:
    return answer.split("\r\n")


def test_chromiums_offer_is_read() -> None:
    offer = read_offer(CHROMIUM)

    assert offer.ufrag == "NDtj"
    assert [section.kind for section in offer.sections] == ["audio", "video"] * 5
    assert [section.gives for section in offer.sections] == [True, True] + [False] * 8
    assert all(section.wants for section in offer.sections)
    assert {section.payload_type for section in offer.sections} == {111, 96}
    assert offer.sections[1].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert offer.sections[1].extension(ABS_SEND_TIME) == 2
    assert offer.sections[0].extension(TRANSPORT_CC) == 3


def test_the_answer_has_nothing_beyond_the_allow_list() -> None:
    answer = answer_to(CHROMIUM)

    attributes = {re.split("[:]", line[2:])[0] for line in lines_of(answer) if line.startswith("a=")}
    assert attributes <= ALLOWED_ATTRIBUTES
    assert {line[0] for line in lines_of(answer) if line} == set("vostamc")
    # retransmissions are taken from the browser's own video, nowhere else
    assert [line for line in lines_of(answer) if "apt=" in line or "rtx" in line] == [
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
    ]


def test_the_answer_names_the_relays_own_address_only() -> None:
    hostile = CHROMIUM.replace("IN IP4 0.0.0.0", "IN IP4 198.51.100.7")
    hostile += "a=candidate:1 1 udp 2122260223 198.51.100.7 50000 typ host\r\n"

    answer = answer_to(hostile)

    candidates = [line for line in lines_of(answer) if line.startswith("a=candidate")]
    assert set(candidates) == {"a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host"}
    assert "198.51.100.7" not in answer


def test_the_answer_is_read_again_by_a_parser_of_others() -> None:
    parsed = SessionDescription.parse(answer_to(CHROMIUM, host="2001:db8::1"))

    assert [media.direction for media in parsed.media] == ["sendrecv"] * 2 + ["sendonly"] * 8
    assert len({media.ssrc[0].ssrc for media in parsed.media}) == 10
    assert all(media.dtls is not None and media.dtls.role == "client" for media in parsed.media)


@pytest.mark.parametrize(
    ("formats", "answered"),
    [
        ("111 63 9 0", "111 63"),  # as Chromium orders them by itself
        ("63 111 9 0", "63 111"),  # redundancy preferred
        ("111 9 0", "111"),  # none offered
    ],
)
def test_redundant_sound_is_answered_in_the_browsers_order(formats: str, answered: str) -> None:
    offer = WITH_REDUNDANCY.replace("SAVPF 63 111\r", f"SAVPF {formats}\r")

    lines = lines_of(answer_to(offer))

    assert {line.partition("SAVPF ")[2] for line in lines if line.startswith("m=audio")} == {answered}
    assert ("a=fmtp:63 111/111" in lines) == ("63" in answered)
    assert "a=fmtp:111 minptime=10;useinbandfec=1" in lines


@pytest.mark.parametrize("parameters", ["a=fmtp:63 111", "a=fmtp:63 9/9", "a=fmtp:63 111/0"])
def test_redundancy_over_anything_but_opus_is_dropped(parameters: str) -> None:
    offer = read_offer(WITH_REDUNDANCY.replace("a=fmtp:63 111/111", parameters))

    assert {section.redundant_type for section in offer.sections} == {None}


def test_sound_may_be_asked_for_again_where_the_browser_says_so() -> None:
    offer = CHROMIUM.replace("a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 transport-cc\r\na=rtcp-fb:111 nack")

    assert "a=rtcp-fb:111 nack" in lines_of(answer_to(offer))
    assert "a=rtcp-fb:111 nack" not in lines_of(answer_to(CHROMIUM))


def test_nobody_but_the_first_two_sections_may_send() -> None:
    offer = read_offer(CHROMIUM.replace("a=recvonly", "a=sendrecv"))

    assert [section.gives for section in offer.sections] == [True, True] + [False] * 8


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v=0", "v=1"),  # not SDP
        ("BUNDLE 0 1 2", "BUNDLE 0 1"),  # a section outside the bundle
        ("a=mid:3", "a=mid:2"),  # one mid twice
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 PCMU/8000"),  # no opus
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 H264/90000"),  # no VP8
        ("a=setup:actpass", "a=setup:active"),  # the relay is the DTLS client
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1"),  # weak or no fingerprint
        ("a=ice-ufrag:NDtj", "a=ice-ufrag:x"),  # shorter than RFC 8839 allows
        ("a=ice-ufrag:NDtj", "a=ice-ufrag:NDtj\revil"),  # a line break inside a value
        ("a=ice-pwd:BJOC", "a=ice-pwd:B OC"),  # not an ice-char
        ("a=rtcp-mux", "a=rtcp-demux"),  # RTCP on a port of its own
        ("m=audio 9", "m=application 9"),  # another kind of section
        ("m=video 9", "m=video 99999999"),  # not a port
        ("m=video 9", "m=video 0"),  # rejected, and not for bundling
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP"),  # without encryption
        ("a=rtpmap:111 opus", "a=rtpmap:999 opus"),  # no payload type
        ("111", "97"),  # one payload type for sound and for retransmissions
        ("a=extmap:3 http", "a=extmap:2 http"),  # one extension id for two things
        ("a=sendrecv", "a=sendrecv\r\na=recvonly"),  # two directions
    ],
)
def test_what_cannot_be_answered_is_refused(before: str, after: str) -> None:
    assert before in CHROMIUM

    with pytest.raises(BadSdp):
        read_offer(CHROMIUM.replace(before, after))


def test_two_transports_with_different_passwords_are_refused() -> None:
    changed = CHROMIUM[:500] + CHROMIUM[500:].replace("a=ice-pwd:BJOC", "a=ice-pwd:XJOC")

    with pytest.raises(BadSdp):
        read_offer(changed)


def test_a_thirteenth_section_is_refused() -> None:
    section = CHROMIUM[CHROMIUM.index("m=audio") : CHROMIUM.index("m=video")]

    with pytest.raises(BadSdp):
        read_offer(CHROMIUM[: CHROMIUM.index("m=audio")] + section * 13)


def test_an_offer_beyond_the_limit_is_refused() -> None:
    with pytest.raises(BadSdp):
        read_offer(CHROMIUM + "a=x\r\n" * MAX_OFFER_BYTES)


@given(st.text(max_size=2000))
def test_any_text_is_refused_or_read(text: str) -> None:
    for candidate in (text, "v=0\r\n" + text, CHROMIUM + text):
        try:
            read_offer(candidate)
        except BadSdp:
            continue


def test_twenty_thousand_mutated_offers_are_refused_or_answered_from_the_allow_list() -> None:
    outcome = fuzz_sdp.run(20_000, seed=20260323)

    assert outcome.escaped == outcome.faults == Counter()
    assert 0.1 < outcome.answers / outcome.count < 0.9
    assert outcome.share_of_times(0.99) < 5.0


def test_the_fuzzer_notices_what_should_not_be_in_an_answer() -> None:
    answer = answer_to(CHROMIUM, host="192.0.2.1")
    assert fuzz_sdp.faults_of(answer) == []

    for foreign in (
        "a=candidate:1 1 udp 2130706431 10.11.12.13 22 typ host",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "k=clear:secret",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=mid:\0",
    ):
        assert fuzz_sdp.faults_of(answer + foreign + "\r\n")


@pytest.mark.parametrize("path", sorted(fuzz_sdp.CORPUS.glob("*.sdp")), ids=lambda path: path.stem)
def test_an_offer_that_once_was_trouble_is_none_any_more(path: Path) -> None:
    answer = fuzz_sdp.answered(path.read_bytes().decode("utf-8", "surrogatepass"))

    assert answer is None or fuzz_sdp.faults_of(answer) == []


def test_the_corpus_never_shrinks() -> None:
    assert len(list(fuzz_sdp.CORPUS.glob("*.sdp"))) >= 23
