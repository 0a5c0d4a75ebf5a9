"""The media of the rehearsal robot: a moving picture and a tone out, whatever comes counted."""

import array
import asyncio
import fractions
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from aioice import Candidate
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceGatherer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from signaling.media.forwarding import KINDS, Kind
from signaling.media.sdp import ABS_SEND_TIME

WIDTH, HEIGHT, FRAMES_PER_S = 640, 360, 15
TONE_HZ, SAMPLE_RATE, SAMPLES = 440, 48_000, 960
SLOTS = 5

_BAR = 48
_SCALE = 12
_BACKGROUND, _BAR_LIGHT, _DIGIT_LIGHT = 60, 160, 235
# Five rows of three dots each, from the top; the colon is 10.
_FONT = (0x7B6F, 0x2C97, 0x73E7, 0x73CF, 0x5BC9, 0x79CF, 0x79EF, 0x7249, 0x7BEF, 0x7BCF, 0x0410)


class Picture(MediaStreamTrack):
    """A bar that moves, and a clock: a still or late picture is seen at once."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._started_at = time.monotonic()
        self._count = 0

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._count += 1
        due = self._started_at + self._count / FRAMES_PER_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        frame.planes[0].update(_luma(self._count, time.strftime("%H:%M:%S"), frame.planes[0].line_size))
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts = self._count * (90_000 // FRAMES_PER_S)
        frame.time_base = fractions.Fraction(1, 90_000)
        return frame


class Tone(MediaStreamTrack):
    """440 Hz at a quarter of full scale."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._started_at = time.monotonic()
        self._count = 0
        # 44 whole periods, so the pieces join without a click
        wave = (8192 * math.sin(2 * math.pi * TONE_HZ * n / SAMPLE_RATE) for n in range(5 * SAMPLES))
        samples = array.array("h", (round(value) for value in wave)).tobytes()
        self._pieces = [samples[n : n + 2 * SAMPLES] for n in range(0, len(samples), 2 * SAMPLES)]

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        due = self._started_at + self._count * SAMPLES / SAMPLE_RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(self._pieces[self._count % 5])
        frame.pts = self._count * SAMPLES
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self._count += 1
        return frame


@dataclass(slots=True)
class Received:
    """What one slot has brought. Energy is the sum of squared samples, full scale being 1."""

    frames: int = 0
    width: int = 0
    height: int = 0
    audio_frames: int = 0
    audio_energy: float = 0.0


class Robot:
    """A stock aiortc peer in the shape of a browser's transport, kept by one task at a time.

    Nothing is sent before `send`; what arrives is decoded and counted in `received`.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        self.received = [Received() for _ in range(slots)]
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._pc = RTCPeerConnection(configuration)
        self._changed = asyncio.Event()
        self._counting: set[asyncio.Task[None]] = set()
        self._sending: list[MediaStreamTrack] = []
        self._pc.on("connectionstatechange", self._changed.set)
        for slot in range(slots):
            for kind in KINDS:
                self._add(kind, slot)

    @property
    def state(self) -> str:
        return self._pc.connectionState

    async def offer(self) -> str:
        """Offer without send times: aiortc's estimate from them is far too low for a slow picture
        (42 kbit/s measured on loopback), and a receiver's estimate limits what others send."""
        await self._pc.setLocalDescription(await self._pc.createOffer())
        lines = self._pc.localDescription.sdp.splitlines(keepends=True)
        return "".join(line for line in lines if ABS_SEND_TIME not in line)

    async def accept(self, answer: str) -> None:
        """Take the relay's answer; the transport comes up by itself."""
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        for index, transceiver in enumerate(self._pc.getTransceivers()):
            if transceiver.receiver.track is not None:
                counting = self._count(transceiver.receiver.track, self.received[index // 2])
                task = asyncio.get_running_loop().create_task(counting)
                self._counting.add(task)
                task.add_done_callback(self._counting.discard)

    def send(self, *, audio: bool = True, video: bool = True) -> None:
        """Attach fresh tracks where wanted, take the others off."""
        self.stop_sending()
        wanted: dict[Kind, type[MediaStreamTrack] | None] = {
            "audio": Tone if audio else None,
            "video": Picture if video else None,
        }
        for kind, sender in zip(KINDS, self._pc.getSenders()[:2], strict=True):
            if (make := wanted[kind]) is not None:
                track = make()
                self._sending.append(track)
                sender.replaceTrack(track)

    def stop_sending(self) -> None:
        for sender in self._pc.getSenders()[:2]:
            sender.replaceTrack(None)
        self._sending.clear()

    async def until(self, reached: Callable[[], bool], timeout_s: float) -> None:
        """Wait for something to be true of the robot; looked at after each frame and change.

        Raises:
            TimeoutError: it did not become true.
        """
        async with asyncio.timeout(timeout_s):
            while not reached():
                self._changed.clear()
                await self._changed.wait()

    async def connected(self, timeout_s: float) -> None:
        await self.until(lambda: self.state == "connected", timeout_s)

    async def close(self) -> None:
        self.stop_sending()
        await self._pc.close()
        for task in self._counting:  # of a transport that never came up, aiortc does not end the tracks
            task.cancel()
        if self._counting:
            await asyncio.wait(self._counting)

    def _add(self, kind: Kind, slot: int) -> None:
        direction = "sendrecv" if slot == 0 else "recvonly"
        transceiver = self._pc.addTransceiver(kind, direction=direction)
        _gather_on_loopback(transceiver.sender.transport.transport.iceGatherer)
        wanted = {"audio": "audio/opus", "video": "video/VP8"}[kind]
        codecs = RTCRtpSender.getCapabilities(kind).codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == wanted])

    async def _count(self, track: MediaStreamTrack, received: Received) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    received.frames += 1
                    received.width, received.height = frame.width, frame.height
                elif isinstance(frame, AudioFrame):
                    received.audio_frames += 1
                    received.audio_energy += _energy(frame)
                self._changed.set()
        except MediaStreamError:
            self._changed.set()


def _gather_on_loopback(gatherer: RTCIceGatherer) -> None:
    """Let a machine without a network have robots too: aioice leaves 127.0.0.1 out."""
    connection = gatherer._connection
    gather = connection.get_component_candidates

    async def with_loopback(component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        return await gather(component, addresses or ["127.0.0.1"], timeout)

    connection.get_component_candidates = with_loopback  # type: ignore[method-assign]


def _energy(frame: AudioFrame) -> float:
    samples = array.array("h", bytes(frame.planes[0])[: 2 * frame.samples * len(frame.layout.channels)])
    return math.fsum((sample / 32768) ** 2 for sample in samples)


def _luma(count: int, clock: str, line_size: int) -> bytes:
    """The brightness of one picture: the bar is a column, the clock a block above its middle."""
    left = count * 8 % (WIDTH - _BAR)
    plain = bytearray([_BACKGROUND]) * line_size
    plain[left : left + _BAR] = bytes([_BAR_LIGHT]) * _BAR
    rows = [bytes(plain)] * HEIGHT
    top = HEIGHT // 2 - 5 * _SCALE // 2
    start = (WIDTH - len(clock) * 4 * _SCALE) // 2
    for line in range(5):
        lit = bytearray(plain)
        for place, character in enumerate(clock):
            dots = _FONT[10 if character == ":" else int(character)] >> (12 - 3 * line)
            for dot in range(3):
                if dots >> (2 - dot) & 1:
                    at = start + (place * 4 + dot) * _SCALE
                    lit[at : at + _SCALE] = bytes([_DIGIT_LIGHT]) * _SCALE
        first = top + line * _SCALE
        rows[first : first + _SCALE] = [bytes(lit)] * _SCALE
    return b"".join(rows)
