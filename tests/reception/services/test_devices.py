"""Terminals: enrolment, sessions, and what a copied, stolen or forged one meets."""

import asyncio
import base64
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from reception.domain.errors import BadInput, NotFound
from reception.domain.ids import DeviceId, PlaceId
from reception.services.denials import Denied, TooManyAttempts, settled
from reception.services.device_keys import fingerprint_of, is_signed, normal_key
from reception.services.devices import Devices, DeviceSession, Enrolled, IssuedCode
from reception.services.work import Work
from reception.store.engine import Sessions
from reception.store.tables import DeviceRow, EnrolmentCodeRow
from tests.support.rows import add_place
from tests.support.works import Office, code_of


def _encode(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


@dataclass(slots=True)
class Browser:
    """A terminal's browser: the key it can not give away, and the newest roll it was given."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    device: str = ""
    roll: str = ""

    @property
    def jwk(self) -> dict[str, object]:
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _encode(numbers.x), "y": _encode(numbers.y), "ext": True}

    def sign(self, message: str) -> str:
        r, s = decode_dss_signature(self.key.sign(message.encode(), ec.ECDSA(SHA256())))
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def copy(self) -> "Browser":
        """Return what somebody has who copies the whole profile."""
        return Browser(self.key, self.device, self.roll)


@pytest.fixture
def office(sessions: Sessions) -> Office:
    """Where use cases run."""
    return Office(sessions)


@pytest.fixture
def devices() -> Devices:
    """The service under test."""
    return Devices()


async def _issue(office: Office, devices: Devices) -> IssuedCode:
    async def use_case(work: Work) -> IssuedCode:
        place = await add_place(work.session)
        return await devices.issue_code(work, None, PlaceId(place.id))

    return await office.run(use_case)


async def _enrol(
    office: Office, devices: Devices, browser: Browser, code: str, address: str = "192.0.2.1"
) -> Enrolled | Denied:
    return await office.run(
        lambda work: devices.enrol(
            work, code=code, public_key=browser.jwk, name="接访室一体机", address=address
        )
    )


async def _terminal(office: Office, devices: Devices) -> Browser:
    browser = Browser()
    enrolled = settled(await _enrol(office, devices, browser, (await _issue(office, devices)).code))
    browser.device, browser.roll = enrolled.identity.terminal.device, enrolled.roll
    return browser


async def _start(
    office: Office,
    devices: Devices,
    browser: Browser,
    *,
    keep: bool = True,
    is_in_use: bool = False,
) -> DeviceSession | Denied:
    nonce = devices.challenge(browser.device, office.now)
    signature = browser.sign(f"reception-device\n{browser.device}\n{nonce}\n{browser.roll}")
    result = await office.run(
        lambda work: devices.open_session(
            work,
            device=browser.device,
            nonce=nonce,
            roll=browser.roll,
            signature=signature,
            is_in_use=is_in_use,
        )
    )
    if keep and isinstance(result, DeviceSession):
        browser.roll = result.roll
    return result


async def _is_known(office: Office, devices: Devices, session: DeviceSession) -> bool:
    return await office.read(lambda work: devices.authenticate(work, session.token)) is not None


async def test_a_code_makes_a_browser_the_room_s_terminal(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)

    session = settled(await _start(office, devices, browser))

    identity = await office.read(lambda work: devices.authenticate(work, session.token))
    assert identity == session.identity
    assert identity is not None
    assert (identity.terminal.device, identity.room_name, identity.unit_name) == (
        browser.device,
        "视频接访室",
        "东河镇",
    )
    assert [action for action, _ in await office.trail()] == [
        "enrolment_code_issued",
        "device_enrolled",
        "device_session",
    ]


async def test_a_code_is_ten_signs_that_nobody_misreads_and_is_not_kept(
    office: Office, devices: Devices
) -> None:
    code = (await _issue(office, devices)).code

    async with office.sessions.read() as session:
        row = (await session.scalars(EnrolmentCodeRow.__table__.select())).all()
    assert len(code.replace("-", "")) == 10
    assert not set(code) & set("0189")
    assert code.replace("-", "") not in str(row)


async def test_a_code_may_be_typed_as_it_is_read(office: Office, devices: Devices) -> None:
    code = (await _issue(office, devices)).code
    sloppy = f" {code.lower().replace('-', ' ').replace('o', '0').replace('i', '1')} "

    assert isinstance(await _enrol(office, devices, Browser(), sloppy), Enrolled)


async def test_a_code_enrols_one_terminal(office: Office, devices: Devices) -> None:
    code = (await _issue(office, devices)).code

    results = await asyncio.gather(*(_enrol(office, devices, Browser(), code) for _ in range(4)))

    assert sum(isinstance(result, Enrolled) for result in results) == 1


async def test_a_code_is_good_for_ten_minutes(office: Office, devices: Devices) -> None:
    code = (await _issue(office, devices)).code
    office.later(minutes=10)

    assert code_of(await _enrol(office, devices, Browser(), code)) == "enrolment_code_wrong"


async def test_an_address_has_five_tries(office: Office, devices: Devices) -> None:
    code = (await _issue(office, devices)).code
    for guess in range(5):
        assert code_of(await _enrol(office, devices, Browser(), f"AAAAA-AAAA{'ABCDE'[guess]}")) == (
            "enrolment_code_wrong"
        )

    with pytest.raises(TooManyAttempts):
        await _enrol(office, devices, Browser(), code)
    assert isinstance(await _enrol(office, devices, Browser(), code, "192.0.2.2"), Enrolled)
    assert [reason for action, reason in await office.trail() if action == "device_refused"] == [
        "enrolment_code_wrong"
    ] * 5


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"x": 5},
        {"y": _encode(1)},  # not on the curve
        {"y": "*" * 43},
        {"d": "a private part"},
    ],
)
async def test_a_bad_key_is_refused_and_the_code_stays_good(
    office: Office, devices: Devices, change: dict[str, object]
) -> None:
    code = (await _issue(office, devices)).code

    async def enrol(work: Work) -> object:
        return await devices.enrol(
            work, code=code, public_key={**Browser().jwk, **change}, name="", address="a"
        )

    with pytest.raises(BadInput):
        await office.run(enrol)
    assert isinstance(await _enrol(office, devices, Browser(), code), Enrolled)


async def test_no_code_is_issued_for_a_room_that_is_not_there(office: Office, devices: Devices) -> None:
    with pytest.raises(NotFound):
        await office.run(lambda work: devices.issue_code(work, None, PlaceId("nowhere")))


async def test_each_start_hands_out_a_new_roll_and_ends_the_session_before(
    office: Office, devices: Devices
) -> None:
    browser = await _terminal(office, devices)
    first = settled(await _start(office, devices, browser))
    second = settled(await _start(office, devices, browser))

    assert len({first.roll, second.roll, browser.roll}) == 2  # the browser keeps the second
    assert not await _is_known(office, devices, first)
    assert await _is_known(office, devices, second)


async def test_a_lost_answer_does_not_lock_the_terminal_out(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)
    settled(await _start(office, devices, browser))
    for _ in range(3):
        settled(await _start(office, devices, browser, keep=False))  # the answer never arrives

    settled(await _start(office, devices, browser))
    assert isinstance(await _start(office, devices, browser), DeviceSession)
    assert ("device_session", "previous_roll") in await office.trail()


async def test_of_two_machines_with_one_profile_the_stale_one_is_refused(
    office: Office, devices: Devices
) -> None:
    browser = await _terminal(office, devices)
    copied = browser.copy()
    settled(await _start(office, devices, browser))
    session = settled(await _start(office, devices, browser))

    assert code_of(await _start(office, devices, copied)) == "device_cloned"
    assert await _is_known(office, devices, session)  # the genuine one goes on
    assert ("device_refused", "device_cloned") in await office.trail()


async def test_a_copy_that_starts_first_is_noticed_when_either_machine_starts_again(
    office: Office, devices: Devices
) -> None:
    browser = await _terminal(office, devices)
    copied = browser.copy()
    settled(await _start(office, devices, copied))
    settled(await _start(office, devices, browser))  # looks like a lost answer

    assert code_of(await _start(office, devices, copied)) == "device_cloned"


async def test_a_refused_start_leaves_the_roll_as_it_was(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)
    stranger = Browser(device=browser.device, roll=browser.roll)

    assert code_of(await _start(office, devices, stranger)) == "bad_signature"
    assert code_of(await _start(office, devices, browser, is_in_use=True)) == "device_in_use"
    assert isinstance(await _start(office, devices, browser), DeviceSession)


async def test_a_terminal_nobody_knows_is_told_the_same_as_a_forged_one(
    office: Office, devices: Devices
) -> None:
    assert code_of(await _start(office, devices, Browser(device="unknown", roll="r"))) == "bad_signature"


async def test_a_challenge_is_used_up_by_its_first_answer(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)
    nonce = devices.challenge(browser.device, office.now)
    signature = browser.sign(f"reception-device\n{browser.device}\n{nonce}\n{browser.roll}")

    async def answer(work: Work) -> DeviceSession | Denied:
        return await devices.open_session(
            work, device=browser.device, nonce=nonce, roll=browser.roll, signature=signature
        )

    assert isinstance(await office.run(answer), DeviceSession)
    assert code_of(await office.run(answer)) == "challenge_expired"


async def test_a_challenge_is_good_for_a_minute_and_for_its_own_terminal(
    office: Office, devices: Devices
) -> None:
    browser, other = await _terminal(office, devices), await _terminal(office, devices)

    async def answer(device: Browser, nonce: str) -> str:
        signature = device.sign(f"reception-device\n{device.device}\n{nonce}\n{device.roll}")
        return code_of(
            await office.run(
                lambda work: devices.open_session(
                    work, device=device.device, nonce=nonce, roll=device.roll, signature=signature
                )
            )
        )

    theirs, old = devices.challenge(other.device, office.now), devices.challenge(browser.device, office.now)
    assert await answer(browser, theirs) == "challenge_expired"
    office.later(seconds=60)
    assert await answer(browser, old) == "challenge_expired"
    assert await answer(browser, "never given") == "challenge_expired"


async def test_challenges_do_not_pile_up(office: Office, devices: Devices) -> None:
    for _ in range(10_050):
        devices.challenge("device", office.now)
    assert len(devices._challenges) == 10_000

    office.later(seconds=61)
    devices.challenge("device", office.now)

    assert len(devices._challenges) == 1


async def test_a_revoked_terminal_is_out_at_once_and_stays_out(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)
    session = settled(await _start(office, devices, browser))

    closed = await office.run(lambda work: devices.revoke(work, None, DeviceId(browser.device)))

    assert closed == (session.identity.terminal.login,)
    assert not await _is_known(office, devices, session)
    assert code_of(await _start(office, devices, browser)) == "device_revoked"


async def test_a_session_lasts_a_day(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)
    session = settled(await _start(office, devices, browser))
    office.later(hours=23)
    assert await _is_known(office, devices, session)

    office.later(hours=1)

    assert not await _is_known(office, devices, session)


async def test_nothing_in_the_database_opens_a_session(office: Office, devices: Devices) -> None:
    browser = await _terminal(office, devices)
    session = settled(await _start(office, devices, browser))

    async with office.sessions.read() as reading:
        row = await reading.get_one(DeviceRow, browser.device)
        stored = {str(value) for value in vars(row).values()}

    assert not {session.token, session.roll} & stored
    assert session.token not in repr(session)


def test_the_fingerprint_is_six_digits_that_differ_by_key() -> None:
    prints = {fingerprint_of(normal_key(Browser().jwk)) for _ in range(20)}

    assert len(prints) > 15
    assert all(len(text) == 7 and text.replace(" ", "").isdigit() for text in prints)


@pytest.mark.parametrize("signature", ["", "A", "*" * 86, "A" * 86, "é", "A" * 200])
def test_a_broken_signature_is_a_wrong_one(signature: str) -> None:
    assert not is_signed(normal_key(Browser().jwk), "message", signature)
