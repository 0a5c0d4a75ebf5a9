"""A terminal is one browser on one machine; its camera and microphone may go and come as they like."""

import asyncio
import shutil
import time
import wave
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.conftest import SetStage
from tests.support.actors import CALL_S, Desk, Terminal, seen_and_heard
from tests.support.chromium import ARGUMENTS, EXECUTABLE, KIOSK_ARGUMENTS, REFUSED
from tests.support.stage import Stage

WITHIN_MS = 5000
UNPLUGGING = (Path(__file__).parent / "unplugging.js").read_text()


async def test_a_copied_browser_profile_is_no_terminal(stage_with: SetStage, tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    async with stage_with() as stage:
        origin = stage.program.origin
        terminal = Terminal(await stage.chromium.profile_window(origin, "original", original))
        await terminal.enrol(await stage.program.enrolment_code("QH01"))
        # Chromium's lock names the machine; a thief who copies a disk leaves it out.
        shutil.copytree(original, copy, ignore=shutil.ignore_patterns("Singleton*"))

        # While the true terminal runs, its copy is refused.
        thief = Terminal(await stage.chromium.profile_window(origin, "copy", copy))
        thief.window.tolerate(REFUSED)
        await thief.window.open("/terminal")
        refused = thief.by("device-refused")
        await expect(refused).to_be_visible(timeout=WITHIN_MS)
        await expect(refused).to_have_attribute("data-code", "device_in_use")

        # Once the true terminal has gone on, the copy is known for what it is, even when the other is off.
        for _ in range(2):
            await terminal.window.page.reload()
            await terminal.is_idle()
        await terminal.window.page.goto("about:blank")
        await thief.window.page.reload()
        await expect(refused).to_have_attribute("data-code", "device_cloned", timeout=WITHIN_MS)

        # And the true one still is the terminal of its room.
        await terminal.window.open("/terminal")
        await terminal.is_idle()


async def test_a_revoked_device_is_refused_where_it_stands(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, admin = await stage.terminal("QH01"), await stage.admin()
        terminal.window.tolerate(REFUSED)

        await admin.revoke_device("QH01")

        refused = terminal.by("device-refused")
        await expect(refused).to_be_visible(timeout=WITHIN_MS)
        await expect(refused).to_have_attribute("data-code", "device_revoked")
        await terminal.window.page.reload()
        await expect(refused).to_have_attribute("data-code", "device_revoked", timeout=WITHIN_MS)


async def in_call_with_pluggable_devices(stage: Stage) -> tuple[Terminal, Desk]:
    """A terminal whose devices a test can pull out, in a call with a desk."""
    terminal = await stage.new_terminal()
    await terminal.window.context.add_init_script(UNPLUGGING)
    await terminal.enrol(await stage.program.enrolment_code("QH01"))
    desk = await stage.desk()
    await terminal.come_direct()
    await desk.accept()
    await desk.is_connected()
    return terminal, desk


async def test_a_device_that_is_pulled_out_comes_back_by_itself(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, desk = await in_call_with_pluggable_devices(stage)

        for kind in ("audio", "video"):
            await terminal.window.page.evaluate("(kind) => devices.pull(kind)", kind)
            # The call goes on, and the other device with it
            switch = desk.window.page.locator(f'[data-testid="peer-tile"][data-{kind}="false"]')
            await expect(switch).to_have_count(1, timeout=WITHIN_MS)
            await rises(desk, "frames" if kind == "audio" else "energy")

            plugged_at = time.monotonic()
            await terminal.window.page.evaluate("(kind) => devices.plug(kind)", kind)
            await seen_and_heard(desk.window, within_s=10)
            print(f"{kind} back after {time.monotonic() - plugged_at:.1f} s")  # noqa: T201 - the figure
        await desk.finish()


async def rises(desk: Desk, counter: str, *, within_s: float = 10) -> None:
    """Wait until more frames or more sound of the terminal arrive."""

    async def now() -> float:
        slot = (await desk.window.media()).slots.get(0)
        return getattr(slot, counter) if slot else 0.0

    before = await now()
    async with asyncio.timeout(within_s):
        while await now() <= before:  # noqa: ASYNC110 - counters
            await asyncio.sleep(0.1)


async def test_a_camera_that_hangs_holds_up_neither_the_microphone_nor_the_call(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal = await stage.new_terminal()
        await terminal.window.context.grant_permissions(["camera", "microphone"])  # as the policies do
        await terminal.window.context.add_init_script(f"{UNPLUGGING}\n;devices.hang('video');")
        await terminal.window.open("/terminal")

        seen = await terminal.window.page.evaluate(
            """async () => {
                const { LocalCapture } = await import("/static/js/call/devices.js");
                const capture = new LocalCapture();
                const began = performance.now();
                const stream = await capture.open();
                const opened = performance.now() - began;
                const kinds = stream.getTracks().map(({ kind }) => kind);
                await new Promise((resolve) => setTimeout(resolve, 11_000 - opened));
                return { opened, kinds, faults: capture.faults, hasAudio: capture.hasAudio };
            }"""
        )

        assert seen["kinds"] == ["audio"]
        assert seen["opened"] < 8000  # two seconds of patience, on a machine that does other things
        assert seen["faults"] == {"audio": None, "video": "E12"}
        assert seen["hasAudio"]


async def test_a_visitor_whose_camera_hangs_is_heard_in_the_call(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        terminal, desk = await stage.new_terminal(), await stage.desk()
        await terminal.window.context.grant_permissions(["camera", "microphone"])  # as the policies do
        await terminal.window.context.add_init_script(f"{UNPLUGGING}\n;devices.hang('video');")
        await terminal.enrol(await stage.program.enrolment_code("QH01"))
        await terminal.come_direct()
        await desk.accept()

        await rises(desk, "energy", within_s=CALL_S)
        switch = desk.window.page.locator('[data-testid="peer-tile"][data-video="false"]')
        await expect(switch).to_have_count(1)
        await desk.finish()


async def test_a_replaced_browser_finds_the_devices_of_its_room(stage_with: SetStage) -> None:
    async with stage_with() as stage:
        playwright = stage.chromium.playwright
        three = [flag for flag in KIOSK_ARGUMENTS if "fake-device" not in flag]
        three.append("--use-fake-device-for-media-stream=device-count=3")
        for life in ("first", "replaced"):
            browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=three)
            terminal = Terminal(await stage.chromium.window_in(browser, stage.program.origin, life))
            await terminal.enrol(await stage.program.enrolment_code("QH01"))
            await terminal.by("help-open").click()
            await terminal.by("device-check").click()
            camera = terminal.by("device-camera")
            await expect(camera.locator("option")).to_have_count(3)
            chosen = camera.locator("option:checked")
            if life == "first":
                await expect(chosen).to_have_text("fake_device_0")
                async with terminal.window.page.expect_response("**/device-profile") as kept:
                    await camera.select_option(label="fake_device_2")
                assert (await kept.value).status == 200
            else:
                await expect(chosen).to_have_text("fake_device_2")
            await browser.close()


async def test_a_silent_microphone_and_a_black_camera_are_noticed(
    stage_with: SetStage, tmp_path: Path
) -> None:
    sound, picture = tmp_path / "silent.wav", tmp_path / "black.y4m"
    with wave.open(str(sound), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(48_000)
        written.writeframes(bytes(2 * 48_000))
    frame = b"FRAME\n" + bytes([16]) * (320 * 180) + bytes([128]) * (320 * 180 // 2)
    picture.write_bytes(b"YUV4MPEG2 W320 H180 F20:1 Ip A1:1 C420mpeg2\n" + frame * 4)
    async with stage_with() as stage:
        for flags, expected in (
            ((), []),  # the control: a beep and a moving picture
            (
                (
                    f"--use-file-for-fake-audio-capture={sound}",
                    f"--use-file-for-fake-video-capture={picture}",
                ),
                ["camera_black", "mic_silent"],
            ),
        ):
            browser = await stage.chromium.playwright.chromium.launch(
                executable_path=EXECUTABLE, args=[*ARGUMENTS, *flags]
            )
            window = await stage.chromium.window_in(browser, stage.program.origin, "watched")
            await window.open("/terminal")
            assert await hints_of(window.page, 18_000, len(expected)) == expected
            await browser.close()


async def hints_of(page: Page, after_ms: int, count: int) -> Any:
    """Send to oneself and return what the page's own watch says after a while; a missing hint gets longer."""
    return await page.evaluate(
        """async ([afterMs, count]) => {
            const { DeviceWatch } = await import("/static/js/call/device-watch.js");
            const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
            const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
            one.onicecandidate = ({ candidate }) => other.addIceCandidate(candidate);
            other.onicecandidate = ({ candidate }) => one.addIceCandidate(candidate);
            for (const track of stream.getTracks()) one.addTrack(track, stream);
            await one.setLocalDescription();
            await other.setRemoteDescription(one.localDescription);
            await other.setLocalDescription();
            await one.setRemoteDescription(other.localDescription);
            const own = () => ({ audio: true, video: true });
            const watch = new DeviceWatch({ peer: () => one, own, stream: () => stream });
            watch.start();
            await new Promise((resolve) => setTimeout(resolve, afterMs));
            const until = performance.now() + afterMs;
            while (watch.hints.length < count && performance.now() < until) {
                await new Promise((resolve) => setTimeout(resolve, 200));
            }
            return watch.hints.sort();
        }""",
        [after_ms, count],
    )
