"""Mutated offers against the allow-list: `python -m tests.signaling.media.fuzz_sdp --count N --seed S`.

Whatever an offer says, it is refused as `BadSdp` or answered with nothing beyond the allow-list. An
offer that breaks this is written to `tests/corpus/sdp`, where a test replays it for ever.
"""

import argparse
import hashlib
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiortc.sdp import SessionDescription

from signaling.media.sdp import MAX_OFFER_BYTES, Answering, BadSdp, read_offer, write_answer

CORPUS = Path(__file__).parents[2] / "corpus" / "sdp"
_SAMPLE = (Path(__file__).parent / "samples" / "chromium_offer.sdp").read_text().replace("\n", "\r\n")
_REDUNDANT = _SAMPLE.replace("SAVPF 111\r", "SAVPF 63 111\r").replace(
    "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack",
)
SEEDS = (_SAMPLE, _REDUNDANT, _SAMPLE[: _SAMPLE.index("a=mid:2")].rpartition("m=audio")[0])

_OF_TRANSPORT = {"ice-ufrag", "ice-pwd", "fingerprint", "setup", "candidate", "end-of-candidates"}
_OF_DIRECTION = {"sendrecv", "sendonly", "recvonly", "inactive"}
_OF_MEDIA = {"mid", "rtcp-mux", "rtcp-rsize", "rtpmap", "fmtp", "rtcp-fb", "extmap", "msid", "ssrc"}
ALLOWED_ATTRIBUTES = {"group", "msid-semantic"} | _OF_TRANSPORT | _OF_DIRECTION | _OF_MEDIA
OURS = Answering(
    "relayufr", "relaypasswordrelaypassword", "AA:" * 31 + "AA", "192.0.2.1", 40000, range(1, 13)
)
_CANDIDATE = "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host"
_ANSWER_LINE = re.compile(r"[vostc]=[ -~]+|m=(audio|video) 40000 UDP/TLS/RTP/SAVPF( \d{1,3}){1,2}|a=[ -~]+")

CANARY_HOSTS = (
    "10.11.12.13",
    "169.254.169.254",
    "127.0.0.53",
    "::1",
    "fd00::53",
    "canary.internal",
    "x.local",
)
_NUMBERS = (
    "0",
    "-1",
    "255",
    "256",
    "65536",
    "2147483648",
    "18446744073709551616",
    "9" * 400,
    "1e9",
    "0x10",
    "٣",
)
_JUNK = (
    "\0",
    "é",
    "\ud800",
    "\u2028",
    "\x0b",
    "\x85",
    "\r",
    "\n",
    "\r\n",
    "%s",
    "{}",
    ":",
    "=",
    " ",
    "\t",
    "..",
)
_LINES = (
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "m=audio 0 RTP/AVP 0",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100",
    "m=image 9 udptl t38",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
    "a=ice-lite",
    "a=rtcp-mux-only",
    "a=simulcast:send 1;2;3",
    "a=rid:1 send",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 stereo=1;x=" + "y" * 300,
    "a=rtcp-fb:* nack",
    "a=extmap:14 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=setup:active",
    "a=fingerprint:sha-256 " + "00:" * 31 + "00",
    "a=group:BUNDLE",
    "k=clear:secret",
    "c=IN IP6 fd00::53",
)

Lines = list[str]


def _cut(lines: Lines, chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]


def _junk(lines: Lines, chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    place = chance.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:place] + chance.choice(_JUNK) + lines[at][place:]


def _byte(lines: Lines, chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    if lines[at]:
        place = chance.randrange(len(lines[at]))
        lines[at] = lines[at][:place] + chr(chance.randrange(256)) + lines[at][place + 1 :]


def _drop(lines: Lines, chance: random.Random) -> None:
    if len(lines) > 1:
        del lines[chance.randrange(len(lines))]


def _repeat(lines: Lines, chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))


def _swap(lines: Lines, chance: random.Random) -> None:
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def _number(lines: Lines, chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    found = list(re.finditer(r"\d+", lines[at]))
    if found:
        match = chance.choice(found)
        lines[at] = lines[at][: match.start()] + chance.choice(_NUMBERS) + lines[at][match.end() :]


def _foreign(lines: Lines, chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), chance.choice(_LINES))


def _section(lines: Lines, chance: random.Random) -> None:
    """Repeat a whole media section, or move it elsewhere."""
    heads = [n for n, line in enumerate(lines) if line.startswith("m=")]
    if heads:
        first = chance.choice(heads)
        end = next((n for n in heads if n > first), len(lines))
        block = lines[first:end]
        if chance.random() < 0.5:
            del lines[first:end]
        at = chance.choice([*heads, len(lines)])
        lines[at:at] = block


def _host(lines: Lines, chance: random.Random) -> None:
    host, port = chance.choice(CANARY_HOSTS), chance.choice([0, 22, 53, 8080, 99999])
    kind = chance.choice(["host", f"srflx raddr {host} rport {port}", "relay"])
    line = chance.choice(
        [
            f"a=candidate:1 1 {chance.choice(['udp', 'tcp', 'UDP'])} 2130706431 {host} {port} typ {kind}",
            f"a=rtcp:{port} IN IP4 {host}",
            f"c=IN IP4 {host}",
            f"o=- 1 1 IN IP4 {host}",
            f"a=msid:{host} {host}",
        ]
    )
    lines.insert(chance.randrange(len(lines)), line)


def _grow(lines: Lines, chance: random.Random) -> None:
    """Up to the limit of an offer, a little beyond it, or far."""
    room = MAX_OFFER_BYTES - sum(len(line) + 2 for line in lines)
    size = max(1, chance.choice([room, room - 1, room + 1, 2 * MAX_OFFER_BYTES, 100_000]))
    filling = chance.choice(
        ["a=x\r\n", "a=fmtp:111 a=b\r\n", "a=mid:0\r\n", "a" * 1000, "\r\n", "m=audio 9 x 1\r\n"]
    )
    at = chance.randrange(len(lines))
    lines[at] += (filling * (size // len(filling) + 1))[:size]


_MUTATIONS: tuple[Callable[[Lines, random.Random], None], ...] = (
    *(_cut, _junk, _byte, _drop, _repeat, _swap, _number, _number, _foreign, _section, _host, _host),
)


def mutated(chance: random.Random) -> str:
    """A real offer after a few changes; most are still close to one that is answered."""
    lines = chance.choice(SEEDS).split("\r\n")
    for _ in range(chance.choice([1, 1, 1, 2, 3, 5, 9])):
        chance.choice(_MUTATIONS)(lines, chance)
    if chance.random() < 0.02:
        _grow(lines, chance)
    return chance.choice(["\r\n", "\r\n", "\r\n", "\n", "\r"]).join(lines)


def answered(text: str) -> str | None:
    """The answer to an offer, or None when it was refused."""
    try:
        return write_answer(read_offer(text), OURS)
    except BadSdp:
        return None


def faults_of(answer: str) -> list[str]:
    """What of an answer should not be there."""
    faults: list[str] = []
    lines = answer.split("\r\n")
    if lines.pop() != "":
        faults.append("no end of line")
    for line in lines:
        name = re.split(":", line[2:])[0]
        if not _ANSWER_LINE.fullmatch(line):
            faults.append(f"line {line!r}")
        elif line.startswith("a=") and name not in ALLOWED_ATTRIBUTES:
            faults.append(f"attribute {line!r}")
        elif name == "candidate" and line != _CANDIDATE:
            faults.append(f"candidate {line!r}")
    faults += [f"host {host}" for host in CANARY_HOSTS if host in answer]
    if len(SessionDescription.parse(answer).media) != sum(line.startswith("m=") for line in lines):
        faults.append("sections lost")
    return faults


@dataclass(slots=True)
class Outcome:
    """What a run has found. `escaped` counts exceptions other than BadSdp, by kind."""

    count: int = 0
    answers: int = 0
    escaped: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    times_ms: Counter[int] = field(default_factory=Counter)  # processor time, by tenths of a millisecond
    worst_ms: float = 0.0

    def share_of_times(self, share: float) -> float:
        """The time that so many offers did not exceed, in ms."""
        left = share * self.count
        for tenths, count in sorted(self.times_ms.items()):
            left -= count
            if left <= 0:
                return (tenths + 1) / 10
        return self.worst_ms

    def one(self, text: str, *, keep: Path | None) -> None:
        """Feed one offer; one that breaks something is kept in a folder."""
        started = time.thread_time()
        try:
            answer = answered(text)
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
            self.escaped[type(error).__name__] += 1
            _keep(text, keep)
            return
        finally:
            elapsed = 1000 * (time.thread_time() - started)
            self.count += 1
            self.times_ms[int(elapsed * 10)] += 1
            self.worst_ms = max(self.worst_ms, elapsed)
        if answer is None:
            return
        self.answers += 1
        faults = faults_of(answer)
        if faults:
            self.faults.update(faults)
            _keep(text, keep)


def _keep(text: str, folder: Path | None) -> None:
    if folder is not None:
        body = text.encode("utf-8", "surrogatepass")
        (folder / f"{hashlib.sha256(body).hexdigest()[:16]}.sdp").write_bytes(body)


def run(count: int, seed: int, keep: Path | None = None) -> Outcome:
    chance, outcome = random.Random(seed), Outcome()
    for _ in range(count):
        outcome.one(mutated(chance), keep=keep)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    outcome = run(arguments.count, arguments.seed, CORPUS)
    elapsed = time.monotonic() - started
    sys.stdout.write(
        f"{outcome.count} offers in {elapsed:.0f} s ({outcome.count / elapsed:.0f}/s), "
        f"{outcome.answers} answered; p50 {outcome.share_of_times(0.5):.1f} ms, "
        f"p99 {outcome.share_of_times(0.99):.1f} ms, worst {outcome.worst_ms:.1f} ms\n"
        f"exceptions {dict(outcome.escaped)}, faults {dict(outcome.faults.most_common(5))}\n"
    )
    return 1 if outcome.escaped or outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
