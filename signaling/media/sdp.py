"""The browser's offer read through an allow-list, and the answer written from scratch. No IO.

Nothing of an offer is ever passed on: what is needed is read into an `Offer`, the rest is
dropped. Candidates are dropped too, so the relay never sends to an address that a client named.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signaling.media.forwarding import KINDS, Kind

MAX_OFFER_BYTES = 16 * 1024
MAX_SECTIONS = 12
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_CODECS: dict[Kind, str] = {"audio": "opus/48000/2", "video": "vp8/90000"}
_FEEDBACK: dict[Kind, tuple[str, ...]] = {
    "audio": ("transport-cc", "nack"),
    "video": ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"),
}
_EXTENSIONS: dict[Kind, tuple[str, ...]] = {
    "audio": (TRANSPORT_CC,),
    "video": (ABS_SEND_TIME, TRANSPORT_CC),
}
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

_MEDIA = re.compile(r"m=(audio|video) (\d{1,5}) UDP/TLS/RTP/SAVPF((?: \d{1,3}){1,64})")
_MID = re.compile(r"[A-Za-z0-9]{1,16}")
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_FINGERPRINT = re.compile(r"(?i:sha-256) ((?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2})")
_RTPMAP = re.compile(r"(\d{1,3}) ([A-Za-z0-9/-]{1,32})")
_EXTMAP = re.compile(r"(\d{1,2})(?:/[a-z]{1,8})? (\S{1,128})")
_FEEDBACK_LINE = re.compile(r"(\d{1,3}|\*) ([a-z-]{1,16}(?: [a-z]{1,16})?)")


class BadSdp(ValueError):
    """The offer is not one that this service answers. Its code is `bad_sdp`."""

    code = "bad_sdp"


@dataclass(frozen=True, slots=True)
class Section:
    """One media section of an offer: what of it may be answered.

    Attributes:
        repeat_type: payload type of retransmissions (RFC 4588) of the browser's own video. They
            keep its probes out of the video's numbers, where a lost probe would look like a lost
            picture. Towards the browser the relay repeats packets as they are.
        feedback: RTCP feedback kinds that the browser offers and the relay serves.
        extensions: (id, URI) of the header extensions that the relay reads or writes.
        wants: the browser offers to receive here.
        gives: the browser offers to send here.
        redundant_type: payload type of redundant audio (RFC 2198) over `payload_type`.
        redundant_first: the browser would rather send that than plain Opus.
    """

    kind: Kind
    mid: str
    payload_type: int
    repeat_type: int | None
    feedback: tuple[str, ...]
    extensions: tuple[tuple[int, str], ...]
    wants: bool
    gives: bool
    redundant_type: int | None = None
    redundant_first: bool = False

    def extension(self, uri: str) -> int | None:
        return next((number for number, known in self.extensions if known == uri), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """What an offer says after the allow-list. Section 2s is the audio of slot s, 2s + 1 its video."""

    ufrag: str
    password: str
    fingerprint: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Answering:
    """The relay's side of an answer. `ssrcs` has one number per section; `version` counts answers."""

    ufrag: str
    password: str
    fingerprint: str
    host: str
    port: int
    ssrcs: Sequence[int]
    version: int = 1


def read_offer(text: str) -> Offer:
    """Read a browser's offer.

    The sections must alternate audio, video; the first two may carry the browser's own tracks,
    the others only receive. All must be bundled on one transport.

    Raises:
        BadSdp: anything needed is missing, malformed, contradictory or too large.
    """
    refuse_unfit(text)
    session, media = _blocks(text)
    sections = tuple(_section(index, block) for index, block in enumerate(media))
    if len({section.mid for section in sections}) != len(sections):
        raise BadSdp("mid used twice")
    bundle = session.one("group", required=True).split(" ")
    if bundle != ["BUNDLE", *(section.mid for section in sections)]:
        raise BadSdp("not one bundle")
    _refuse_clashing_payload_types(sections)
    blocks = [session, *media]
    _agreed(blocks, "setup", re.compile("actpass|passive"))
    return Offer(
        ufrag=_agreed(blocks, "ice-ufrag", _UFRAG),
        password=_agreed(blocks, "ice-pwd", _PASSWORD),
        fingerprint=_fingerprint(blocks),
        sections=sections,
    )


def refuse_unfit(text: str) -> None:
    """Refuse what is not worth carrying to the relay: too large, or not plain ASCII.

    Raises:
        BadSdp
    """
    if len(text) > MAX_OFFER_BYTES or not text.isascii():
        raise BadSdp("too large or not ASCII")


def write_answer(offer: Offer, ours: Answering) -> str:
    """Answer an offer with the relay's one host candidate; slot s is the stream `slot<s>`."""
    version = ipaddress.ip_address(ours.host).version
    lines = [
        "v=0",
        f"o=- 1 {ours.version} IN IP{version} {ours.host}",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(section.mid for section in offer.sections),
        "a=msid-semantic:WMS *",
    ]
    for index, section in enumerate(offer.sections):
        lines += _answer_section(index, section, ours, version)
    return "\r\n".join(lines) + "\r\n"


def _answer_section(index: int, section: Section, ours: Answering, version: int) -> Iterator[str]:
    payload_type, redundant_type = section.payload_type, section.redundant_type
    repeat_type = section.repeat_type
    # The order is the browser's wish: it sends what comes first.
    formats = [payload_type, redundant_type or repeat_type]
    if section.redundant_first:
        formats.reverse()
    yield f"m={section.kind} {ours.port} UDP/TLS/RTP/SAVPF " + " ".join(
        f"{n}" for n in formats if n is not None
    )
    yield f"c=IN IP{version} {ours.host}"
    yield f"a=mid:{section.mid}"
    yield "a=" + _direction(sends=section.wants, receives=section.gives)
    yield "a=rtcp-mux"
    yield "a=rtcp-rsize"
    yield f"a=rtpmap:{payload_type} " + ("opus/48000/2" if section.kind == "audio" else "VP8/90000")
    if section.kind == "audio":
        yield f"a=fmtp:{payload_type} minptime=10;useinbandfec=1"
    if redundant_type is not None:
        yield f"a=rtpmap:{redundant_type} red/48000/2"
        yield f"a=fmtp:{redundant_type} {payload_type}/{payload_type}"
    if repeat_type is not None:
        yield f"a=rtpmap:{repeat_type} rtx/90000"
        yield f"a=fmtp:{repeat_type} apt={payload_type}"
    for feedback in section.feedback:
        yield f"a=rtcp-fb:{payload_type} {feedback}"
    for number, uri in section.extensions:
        yield f"a=extmap:{number} {uri}"
    if section.wants:
        stream = f"slot{index // 2}"
        yield f"a=msid:{stream} {stream}-{section.kind}"
        yield f"a=ssrc:{ours.ssrcs[index]} cname:{stream}"
    yield f"a=ice-ufrag:{ours.ufrag}"
    yield f"a=ice-pwd:{ours.password}"
    yield f"a=fingerprint:sha-256 {ours.fingerprint}"
    yield "a=setup:active"
    # In every section: aiortc reads the last one of a bundle, browsers the first. 2130706431 is
    # RFC 8445's priority of a host candidate.
    yield f"a=candidate:1 1 udp 2130706431 {ours.host} {ours.port} typ host"
    yield "a=end-of-candidates"


def _direction(*, sends: bool, receives: bool) -> str:
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of the session or of one media section: its head and its attributes in order."""

    head: str
    attributes: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]

    def one(self, name: str, *, required: bool = False) -> str:
        values = self.all(name)
        if len(values) > 1 or (required and not values):
            raise BadSdp(f"{name} must occur once")
        return values[0] if values else ""


def _blocks(text: str) -> tuple[_Block, list[_Block]]:
    heads: list[str] = [""]
    attributes: list[list[tuple[str, str]]] = [[]]
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0] != "v=0":
        raise BadSdp("not a session description")
    for line in lines:
        if line.startswith("m="):
            heads.append(line)
            attributes.append([])
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            attributes[-1].append((name, value))
    if not 2 <= len(heads) <= MAX_SECTIONS + 1:
        raise BadSdp("number of media sections")
    blocks = [_Block(head, tuple(own)) for head, own in zip(heads, attributes, strict=True)]
    return blocks[0], blocks[1:]


def _section(index: int, block: _Block) -> Section:
    head = _MEDIA.fullmatch(block.head)
    if head is None or head[1] != KINDS[index % 2]:
        raise BadSdp("media section")
    if int(head[2]) == 0 and not block.all("bundle-only"):
        raise BadSdp("rejected media section")
    kind = KINDS[index % 2]
    mid = block.one("mid", required=True)
    if not _MID.fullmatch(mid) or not block.all("rtcp-mux"):
        raise BadSdp("mid or rtcp-mux")
    formats = head[3].split()
    payload_type = _payload_type(_CODECS[kind], formats, block)
    redundant_type = _redundant_type(payload_type, formats, block) if kind == "audio" else None
    offered = [name for name, _ in block.attributes if name in _DIRECTIONS]
    if len(offered) > 1:
        raise BadSdp("two directions")
    direction = offered[0] if offered else "sendrecv"
    gives = direction in ("sendrecv", "sendonly") and index < 2
    return Section(
        kind=kind,
        mid=mid,
        payload_type=payload_type,
        repeat_type=_repeat_type(payload_type, formats, block) if gives and kind == "video" else None,
        feedback=_feedback(kind, payload_type, block),
        extensions=_extensions(kind, block),
        wants=direction in ("sendrecv", "recvonly"),
        gives=gives,
        redundant_type=redundant_type,
        redundant_first=redundant_type is not None
        and formats.index(str(redundant_type)) < formats.index(str(payload_type)),
    )


def _payload_type(codec: str, formats: list[str], block: _Block) -> int:
    found = _payload_types(codec, formats, block)
    if not found:
        raise BadSdp(f"no {codec}")
    return found[0]


def _payload_types(codec: str, formats: list[str], block: _Block) -> list[int]:
    matches = (_RTPMAP.fullmatch(value) for value in block.all("rtpmap"))
    offered = (int(m[1]) for m in matches if m and m[2].lower() == codec and m[1] in formats)
    # RFC 5761, section 4: 64-95 cannot be told from RTCP on one port
    return [number for number in offered if number <= 127 and not 64 <= number <= 95]


def _repeat_type(payload_type: int, formats: list[str], block: _Block) -> int | None:
    parameters = block.all("fmtp")
    candidates = _payload_types("rtx/90000", formats, block)
    return next((n for n in candidates if f"{n} apt={payload_type}" in parameters), None)


def _redundant_type(payload_type: int, formats: list[str], block: _Block) -> int | None:
    parameters = block.all("fmtp")
    candidates = _payload_types("red/48000/2", formats, block)
    return next((n for n in candidates if f"{n} {payload_type}/{payload_type}" in parameters), None)


def _feedback(kind: Kind, payload_type: int, block: _Block) -> tuple[str, ...]:
    matches = (_FEEDBACK_LINE.fullmatch(value) for value in block.all("rtcp-fb"))
    offered = {match[2] for match in matches if match and match[1] in ("*", str(payload_type))}
    return tuple(feedback for feedback in _FEEDBACK[kind] if feedback in offered)


def _extensions(kind: Kind, block: _Block) -> tuple[tuple[int, str], ...]:
    found: dict[str, int] = {}
    for value in block.all("extmap"):
        match = _EXTMAP.fullmatch(value)
        # 1-14 are the ids that fit a one-byte header (RFC 8285)
        if match and match[2] in _EXTENSIONS[kind] and 1 <= int(match[1]) <= 14:
            found[match[2]] = int(match[1])
    if len(set(found.values())) != len(found):
        raise BadSdp("extension id used twice")
    return tuple((number, uri) for uri, number in found.items())


def _refuse_clashing_payload_types(sections: Sequence[Section]) -> None:
    sound = {section.payload_type for section in sections if section.kind == "audio"}
    video = {section.payload_type for section in sections if section.kind == "video"}
    repeats = {section.repeat_type for section in sections if section.repeat_type is not None}
    redundant = {section.redundant_type for section in sections if section.redundant_type is not None}
    kinds = (sound, video, repeats, redundant)
    if len(set().union(*kinds)) != sum(len(types) for types in kinds):
        raise BadSdp("payload type used twice")


def _fingerprint(blocks: Sequence[_Block]) -> str:
    """The one SHA-256 fingerprint; those of other algorithms may stand beside it."""
    values = [value for block in blocks for value in block.all("fingerprint")]
    found = {match[1].upper() for value in values if (match := _FINGERPRINT.fullmatch(value))}
    if len(found) != 1:
        raise BadSdp("one sha-256 fingerprint is needed")
    return found.pop()


def _agreed(blocks: Sequence[_Block], name: str, shape: re.Pattern[str]) -> str:
    """The one value of a transport attribute; a bundle has one transport, so all must agree."""
    values = {block.one(name) for block in blocks if block.all(name)}
    if len(values) != 1:
        raise BadSdp(f"{name} must be the same everywhere")
    value = values.pop()
    if not shape.fullmatch(value):
        raise BadSdp(name)
    return value
