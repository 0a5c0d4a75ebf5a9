"""Two real browsers exchange picture and sound through the relay."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright
from pytest_aiohttp.plugin import AiohttpServer

from signaling.ids import SeatId
from signaling.media.forwarding import Row
from signaling.media.plane import RelayPlane
from tests.signaling.media.lossy import LossyPath
from tests.signaling.media.rig import ROOM, TIMEOUT_S, both

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]

PAGE = """<!doctype html><meta charset="utf-8"><title>seat</title><script>
"use strict";
let pc, media;
async function connect(seat, slots) {
  media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [] });
  for (let slot = 0; slot < slots; slot += 1) {
    for (const kind of ["audio", "video"]) {
      const transceiver = pc.addTransceiver(kind, { direction: slot === 0 ? "sendrecv" : "recvonly" });
      const wanted = kind === "audio" ? ["audio/red", "audio/opus"] : ["video/VP8", "video/rtx"];
      const codecs = RTCRtpReceiver.getCapabilities(kind).codecs;
      const named = (name) => codecs.filter((codec) => codec.mimeType === name);
      transceiver.setCodecPreferences(wanted.flatMap(named));
      const element = document.createElement(kind);
      element.autoplay = true;
      element.srcObject = new MediaStream([transceiver.receiver.track]);
      document.body.append(element);
    }
  }
  const up = new Promise((resolve) => {
    pc.onconnectionstatechange = () => { if (pc.connectionState === "connected") resolve(); };
  });
  const started = performance.now();
  await pc.setLocalDescription();
  const answer = await fetch(`/open/${seat}`, { method: "POST", body: pc.localDescription.sdp });
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  await up;
  return performance.now() - started;
}
async function restart(seat) {
  pc.restartIce();
  await pc.setLocalDescription();
  const answer = await fetch(`/open/${seat}`, { method: "POST", body: pc.localDescription.sdp });
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
}
async function pair() {
  const report = await pc.getStats();
  const transport = [...report.values()].find((entry) => entry.type === "transport");
  return { dtls: transport.dtlsState, ufrag: transport.iceLocalUsernameFragment };
}
async function send() {
  const [audio, video] = pc.getTransceivers();
  await audio.sender.replaceTrack(media.getAudioTracks()[0]);
  await video.sender.replaceTrack(media.getVideoTracks()[0]);
}
async function received(slot) {
  const result = { frames: 0, energy: 0, packets: 0, sync: null };
  const [audio, video] = pc.getTransceivers().slice(2 * slot, 2 * slot + 2);
  for (const { receiver } of [audio, video]) {
    for (const report of (await receiver.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      result.frames += report.framesDecoded ?? 0;
      result.energy += report.totalAudioEnergy ?? 0;
      result.packets += report.packetsReceived;
    }
  }
  return result;
}
function firstFrame(slot) {
  return new Promise((resolve) => {
    document.querySelectorAll("video")[slot].requestVideoFrameCallback(() => resolve(performance.now()));
  });
}
</script><body></body>"""


@dataclass(frozen=True, slots=True)
class Received:
    frames: int
    energy: float
    packets: int


async def received(page: Page, slot: int) -> Received:
    counters = await page.evaluate("(slot) => received(slot)", slot)
    return Received(counters["frames"], counters["energy"], counters["packets"])


async def until(page: Page, slot: int, reached: Callable[[Received], bool]) -> Received:
    """Read the counters after each drawn frame of the page until they satisfy the test."""
    async with asyncio.timeout(TIMEOUT_S):
        while not reached(counters := await received(page, slot)):
            await page.evaluate("() => new Promise((resolve) => requestAnimationFrame(resolve))")
    return counters


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest.fixture
def paths() -> Iterator[dict[str, LossyPath]]:
    """Seats that reach the relay over a path that may lose datagrams."""
    chosen: dict[str, LossyPath] = {}
    yield chosen
    for path in chosen.values():
        path.close()


@pytest.fixture
async def address(plane: RelayPlane, paths: dict[str, LossyPath], aiohttp_server: AiohttpServer) -> str:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def open_transport(request: web.Request) -> web.Response:
        seat = request.match_info["seat"]
        answer = await plane.open(SeatId(seat), await request.text())
        return web.Response(text=await paths[seat].into(answer) if seat in paths else answer)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_post("/open/{seat}", open_transport)
    server = await aiohttp_server(app)
    return f"http://localhost:{server.port}/"


async def seated(browser: Browser, address: str, seat: SeatId) -> Page:
    page = await browser.new_page()
    await page.goto(address)
    await page.evaluate(f"() => connect({json.dumps(seat)}, 5)")
    return page


async def test_two_pages_see_and_hear_each_other_once_the_rows_are_on(
    browser: Browser, address: str, plane: RelayPlane
) -> None:
    left, right = SeatId("left"), SeatId("right")
    left_page, right_page = await seated(browser, address, left), await seated(browser, address, right)
    await left_page.evaluate("() => send()")
    await right_page.evaluate("() => send()")
    sent_before = await tracks_flow(plane)

    await plane.forward(ROOM, both(left, 0, right) | both(right, 2, left))
    await until(left_page, 0, lambda counters: counters.frames > 10 and counters.energy > 0)
    await until(right_page, 2, lambda counters: counters.frames > 10 and counters.energy > 0)
    elsewhere = await received(left_page, 1)

    assert sent_before
    assert elsewhere.packets == 0


async def test_an_ice_restart_keeps_the_keys_the_slots_and_the_picture(
    browser: Browser, address: str, plane: RelayPlane
) -> None:
    left, right = SeatId("left"), SeatId("right")
    left_page, right_page = await seated(browser, address, left), await seated(browser, address, right)
    for page in (left_page, right_page):
        await page.evaluate("() => send()")
    await plane.forward(ROOM, both(left, 0, right) | both(right, 0, left))
    before = await until(left_page, 0, lambda counters: counters.frames > 10 and counters.energy > 0)
    ports = {peer.peer: peer.port for peer in (await plane.stats())[0]}
    ufrag = (await left_page.evaluate("() => pair()"))["ufrag"]

    await left_page.evaluate("(seat) => restart(seat)", left)
    await until(left_page, 0, lambda counters: counters.frames > before.frames + 60)

    peers, rows = await plane.stats()
    assert {peer.peer: peer.port for peer in peers} == ports
    assert {peer.state for peer in peers} == {"connected"}
    assert all(row.packets > 60 for row in rows)
    pair = await left_page.evaluate("() => pair()")
    assert pair["ufrag"] != ufrag
    assert pair["dtls"] == "connected"


async def tracks_flow(plane: RelayPlane) -> bool:
    """Wait until all four tracks reach the relay while no row is on."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            peers, rows = await plane.stats()
            if rows:
                return False
            if len(peers) == 2 and all(track.packets > 0 for peer in peers for track in peer.tracks):
                return True


async def test_a_slot_changes_from_one_sender_to_another_and_goes_on(
    browser: Browser, address: str, plane: RelayPlane
) -> None:
    seats = [SeatId("one"), SeatId("two"), SeatId("viewer")]
    one, two, viewer = [await seated(browser, address, seat) for seat in seats]
    for page in (one, two):
        await page.evaluate("() => send()")
    await plane.forward(ROOM, both(seats[2], 1, seats[0]))
    before = await until(viewer, 1, lambda counters: counters.frames > 10 and counters.energy > 0)

    await plane.forward(ROOM, both(seats[2], 1, seats[1]))
    await until(viewer, 1, lambda counters: counters.frames > before.frames + 30)
    await plane.forward(ROOM, frozenset[Row]())

    peers, rows = await plane.stats()
    assert rows == []
    assert {peer.state for peer in peers} == {"connected"}


async def test_a_call_goes_on_over_a_link_that_loses_every_twentieth_packet(
    browser: Browser, address: str, plane: RelayPlane, paths: dict[str, LossyPath]
) -> None:
    left, right = SeatId("left"), SeatId("right")
    paths |= {left: LossyPath(0.0, seed=1), right: LossyPath(0.0, seed=2)}
    left_page, right_page = await seated(browser, address, left), await seated(browser, address, right)
    for page in (left_page, right_page):
        await page.evaluate("() => send()")
    await plane.forward(ROOM, both(left, 0, right) | both(right, 0, left))
    before = await until(left_page, 0, lambda counters: counters.frames > 10 and counters.energy > 0)

    for path in paths.values():
        path.share = 0.05
    await until(left_page, 0, lambda counters: counters.frames > before.frames + 100)

    peers, rows = await plane.stats()
    assert sum(path.dropped for path in paths.values()) > 20
    assert sum(track.nacks for peer in peers for track in peer.tracks) > 0
    assert sum(track.recovered for peer in peers for track in peer.tracks) > 0
    assert sum(row.resent for row in rows) > 0
    assert {peer.state for peer in peers} == {"connected"}
