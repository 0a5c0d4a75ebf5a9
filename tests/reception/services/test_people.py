"""Signing in: right and wrong, too often, with a second factor; and what ends a session."""

import asyncio
from datetime import timedelta

import pyotp
import pytest

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed, NotFound, Refusal
from reception.domain.ids import PersonId
from reception.domain.roles import Role
from reception.services import one_time
from reception.services.attempts import SignInDelayed, delay_after
from reception.services.denials import Denied, TooManyAttempts, settled
from reception.services.one_time import OneTimeCodeWrong
from reception.services.passwords import Passwords, refuse_weak
from reception.services.people import PER_ACCOUNT, PER_ADDRESS, People, SignedIn
from reception.services.work import Work
from reception.store.engine import Sessions
from reception.store.tables import LoginSessionRow, PersonRow
from tests.support.rows import add_person
from tests.support.works import Office, code_of

PASSWORD, WRONG = "four plain words here", "four other words here"
IDLE, ABSOLUTE = timedelta(minutes=60), timedelta(hours=10)


@pytest.fixture
def office(sessions: Sessions) -> Office:
    """Where use cases run."""
    return Office(sessions)


@pytest.fixture
def people() -> People:
    """The service under test, with worthless hashes."""
    return _people()


def _people(*, totp_required: bool = False) -> People:
    return People(
        idle=IDLE, absolute=ABSOLUTE, totp_required=totp_required, passwords=Passwords.insecure_fast()
    )


async def _hire(office: Office, people: People, username: str, *roles: Role) -> PersonId:
    password_hash = await people.passwords.hash(PASSWORD)

    async def use_case(work: Work) -> PersonId:
        return PersonId((await add_person(work.session, username, *roles, password_hash=password_hash)).id)

    return await office.run(use_case)


async def _attempt(
    office: Office,
    people: People,
    username: str,
    password: str = PASSWORD,
    *,
    code: str = "",
    address: str = "192.0.2.1",
) -> SignedIn | Denied:
    candidate = await office.read(lambda work: people.candidate(work, username, address))
    proof = await people.prove(candidate, password)
    return await office.run(
        lambda work: people.sign_in(work, proof, one_time_code=code, browser="Chromium on Linux")
    )


async def _sign_in(office: Office, people: People, username: str, *, code: str = "") -> SignedIn:
    return settled(await _attempt(office, people, username, code=code))


async def _actor_of(office: Office, people: People, signed_in: SignedIn) -> Officer | None:
    found = await office.read(lambda work: people.authenticate(work, signed_in.secret))
    return found.actor if found else None


async def test_a_person_signs_in_and_is_known_by_the_cookie(office: Office, people: People) -> None:
    person = await _hire(office, people, "duty1", Role.COUNTY_DUTY_OFFICER)

    signed_in = await _sign_in(office, people, " Duty1 ")

    actor = await _actor_of(office, people, signed_in)
    assert actor == signed_in.actor
    assert actor is not None
    assert (actor.person, actor.username, actor.roles) == (
        person,
        "duty1",
        frozenset({Role.COUNTY_DUTY_OFFICER}),
    )
    assert await office.trail() == [("sign_in", None)]


async def test_the_cookie_s_secret_is_kept_nowhere(office: Office, people: People) -> None:
    await _hire(office, people, "duty1")
    signed_in = await _sign_in(office, people, "duty1")

    async with office.sessions.read() as session:
        row = await session.get_one(LoginSessionRow, signed_in.actor.login)

    assert signed_in.secret not in {str(value) for value in vars(row).values()}
    assert signed_in.secret not in repr(signed_in)
    assert len(signed_in.secret) >= 43  # 256 bits


@pytest.mark.parametrize(("username", "password"), [("duty1", WRONG), ("nobody", PASSWORD)])
async def test_a_wrong_name_and_a_wrong_password_are_the_same(
    office: Office, people: People, username: str, password: str
) -> None:
    await _hire(office, people, "duty1")

    result = await _attempt(office, people, username, password)

    assert code_of(result) == "sign_in_failed"
    assert await office.trail() == [("sign_in_failed", "sign_in_failed")]


async def test_a_failed_attempt_is_counted_although_it_is_refused(office: Office, people: People) -> None:
    person = await _hire(office, people, "duty1")

    await _attempt(office, people, "duty1", WRONG)

    async with office.sessions.read() as session:
        assert (await session.get_one(PersonRow, person)).failures == 1


@pytest.mark.parametrize("username", ["duty1", "nobody"])
async def test_five_failures_delay_and_ten_lock_for_known_and_unknown_names(
    office: Office, people: People, username: str
) -> None:
    await _hire(office, people, "duty1")
    waits = []

    for failure in range(1, 11):
        # Each from another address: the limit per address is another test.
        assert (
            code_of(await _attempt(office, people, username, WRONG, address=f"a{failure}"))
            == "sign_in_failed"
        )
        wait = delay_after(failure)
        if wait:
            again = await _attempt(office, people, username, address=f"b{failure}")
            assert isinstance(again, Denied)
            assert isinstance(again.refusal, SignInDelayed)
            waits.append(again.refusal.retry_after_s)
            office.later(seconds=wait.total_seconds())

    assert waits == [5, 10, 20, 40, 80, 15 * 60]


async def test_after_the_delay_the_right_password_opens_and_clears_the_count(
    office: Office, people: People
) -> None:
    person = await _hire(office, people, "duty1")
    for failure in range(5):
        await _attempt(office, people, "duty1", WRONG, address=f"a{failure}")
    office.later(seconds=6)

    await _sign_in(office, people, "duty1")

    async with office.sessions.read() as session:
        row = await session.get_one(PersonRow, person)
        assert (row.failures, row.locked_until) == (0, None)


async def test_failures_at_once_all_count(office: Office, people: People) -> None:
    person = await _hire(office, people, "duty1")

    await asyncio.gather(*(_attempt(office, people, "duty1", WRONG, address=f"a{n}") for n in range(4)))

    async with office.sessions.read() as session:
        assert (await session.get_one(PersonRow, person)).failures == 4


async def _ask(office: Office, people: People, username: str, address: str) -> None:
    await office.read(lambda work: people.candidate(work, username, address))


async def test_one_address_gets_a_limited_number_of_attempts(office: Office, people: People) -> None:
    for attempt in range(PER_ADDRESS.amount):
        await _ask(office, people, f"n{attempt}", "192.0.2.7")

    with pytest.raises(TooManyAttempts):
        await _ask(office, people, "another", "192.0.2.7")
    await _ask(office, people, "another", "192.0.2.8")


async def test_one_account_gets_a_limited_number_of_attempts(office: Office, people: People) -> None:
    for attempt in range(PER_ACCOUNT.amount):
        await _ask(office, people, "duty1", f"a{attempt}")

    with pytest.raises(TooManyAttempts):
        await _ask(office, people, "DUTY1", "elsewhere")


async def test_a_closed_account_does_not_open(office: Office, people: People) -> None:
    person = await _hire(office, people, "duty1")
    signed_in = await _sign_in(office, people, "duty1")

    async def close(work: Work) -> None:
        (await work.session.get_one(PersonRow, person)).is_active = False

    await office.run(close)

    assert await _actor_of(office, people, signed_in) is None
    assert code_of(await _attempt(office, people, "duty1")) == "sign_in_failed"


async def test_a_session_that_is_not_used_runs_out(office: Office, people: People) -> None:
    await _hire(office, people, "duty1")
    signed_in = await _sign_in(office, people, "duty1")

    office.later(minutes=59)
    found = await office.read(lambda work: people.authenticate(work, signed_in.secret))
    assert found is not None
    assert found.is_due
    await office.run(lambda work: people.seen(work, signed_in.actor.login))
    office.later(minutes=59)
    assert await _actor_of(office, people, signed_in) is not None
    office.later(minutes=2)

    assert await _actor_of(office, people, signed_in) is None


async def test_a_session_ends_after_ten_hours_however_much_it_is_used(office: Office, people: People) -> None:
    await _hire(office, people, "duty1")
    signed_in = await _sign_in(office, people, "duty1")

    for _ in range(20):
        office.later(minutes=30)
        await office.run(lambda work: people.seen(work, signed_in.actor.login))

    assert await _actor_of(office, people, signed_in) is None


async def test_signing_out_ends_the_session_and_names_it_for_the_sockets(
    office: Office, people: People
) -> None:
    await _hire(office, people, "duty1")
    signed_in = await _sign_in(office, people, "duty1")

    closed = await office.run(lambda work: people.sign_out(work, signed_in.actor))

    assert closed == (signed_in.actor.login,)
    assert await _actor_of(office, people, signed_in) is None


async def test_a_person_ends_another_browser_s_session(office: Office, people: People) -> None:
    await _hire(office, people, "duty1")
    lost, here = await _sign_in(office, people, "duty1"), await _sign_in(office, people, "duty1")

    closed = await office.run(lambda work: people.revoke(work, here.actor, lost.actor.login))

    assert closed == (lost.actor.login,)
    lines = await office.read(lambda work: people.sessions_of(work, here.actor.person))
    assert [line.login for line in lines] == [here.actor.login]
    with pytest.raises(NotFound):
        await office.run(lambda work: people.revoke(work, here.actor, lost.actor.login))


@pytest.mark.parametrize(
    ("role", "may_end"), [(Role.SECURITY_ADMIN, True), (Role.SYS_ADMIN, False), (Role.MAIN_LEADER, False)]
)
async def test_only_the_security_administrator_ends_somebody_else_s_session(
    office: Office, people: People, role: Role, may_end: bool
) -> None:
    await _hire(office, people, "duty1")
    await _hire(office, people, "other", role)
    theirs, mine = await _sign_in(office, people, "duty1"), await _sign_in(office, people, "other")

    if may_end:
        await office.run(lambda work: people.revoke(work, mine.actor, theirs.actor.login))
    else:
        with pytest.raises(NotAllowed):
            await office.run(lambda work: people.revoke(work, mine.actor, theirs.actor.login))

    assert (await _actor_of(office, people, theirs) is None) is may_end


async def _with_one_time_password(office: Office, people: People, username: str) -> str:
    await _hire(office, people, username)
    signed_in = await _sign_in(office, people, username)
    offer = await office.read(lambda work: _offer(work, signed_in.actor))
    code = pyotp.TOTP(offer.secret).at(office.now)
    await office.run(lambda work: one_time.confirm(work, signed_in.actor, sealed=offer.sealed, code=code))
    return offer.secret


async def _offer(work: Work, actor: Officer) -> one_time.Offer:
    return one_time.offer(work, actor)


async def test_a_one_time_code_is_asked_for_and_opens_once(office: Office, people: People) -> None:
    secret = await _with_one_time_password(office, people, "duty1")
    office.later(seconds=30)
    code = pyotp.TOTP(secret).at(office.now)

    assert code_of(await _attempt(office, people, "duty1")) == "totp_needed"
    assert isinstance(await _attempt(office, people, "duty1", code=f"{code[:3]} {code[3:]}"), SignedIn)
    assert code_of(await _attempt(office, people, "duty1", code=code)) == "sign_in_failed"


async def test_the_code_that_set_it_up_does_not_sign_in_as_well(office: Office, people: People) -> None:
    secret = await _with_one_time_password(office, people, "duty1")

    result = await _attempt(office, people, "duty1", code=pyotp.TOTP(secret).at(office.now))

    assert code_of(result) == "sign_in_failed"


@pytest.mark.parametrize(
    ("drift_s", "opens"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
async def test_a_telephone_s_clock_may_be_half_a_minute_off(
    office: Office, people: People, drift_s: int, opens: bool
) -> None:
    secret = await _with_one_time_password(office, people, "duty1")
    office.later(minutes=10)

    code = pyotp.TOTP(secret).at(office.now + timedelta(seconds=drift_s))

    assert isinstance(await _attempt(office, people, "duty1", code=code), SignedIn) is opens


async def test_a_one_time_code_typed_twice_at_once_opens_one_session(office: Office, people: People) -> None:
    secret = await _with_one_time_password(office, people, "duty1")
    office.later(seconds=30)
    code = pyotp.TOTP(secret).at(office.now)

    results = await asyncio.gather(*(_attempt(office, people, "duty1", code=code) for _ in range(4)))

    assert sum(isinstance(result, SignedIn) for result in results) == 1


async def test_guessing_one_time_codes_locks_the_account(office: Office, people: People) -> None:
    await _with_one_time_password(office, people, "duty1")

    codes = [
        code_of(await _attempt(office, people, "duty1", code="000000", address=f"a{n}")) for n in range(6)
    ]

    assert codes == ["sign_in_failed"] * 5 + ["sign_in_delayed"]


async def test_where_one_time_codes_are_demanded_nobody_comes_without(office: Office) -> None:
    people = _people(totp_required=True)
    await _hire(office, people, "duty1")

    assert code_of(await _attempt(office, people, "duty1")) == "totp_not_enrolled"


async def test_an_offer_made_to_one_person_is_worthless_to_another(office: Office, people: People) -> None:
    await _hire(office, people, "duty1")
    await _hire(office, people, "duty2")
    one, other = await _sign_in(office, people, "duty1"), await _sign_in(office, people, "duty2")
    offer = await office.read(lambda work: _offer(work, one.actor))
    code = pyotp.TOTP(offer.secret).at(office.now)

    with pytest.raises(OneTimeCodeWrong):
        await office.run(lambda work: one_time.confirm(work, other.actor, sealed=offer.sealed, code=code))


async def test_the_seed_of_the_codes_is_sealed_in_the_database(office: Office, people: People) -> None:
    secret = await _with_one_time_password(office, people, "duty1")

    async with office.sessions.read() as session:
        rows = await session.scalars(PersonRow.__table__.select().with_only_columns(PersonRow.totp_sealed))
        assert not any(secret in (sealed or "") for sealed in rows)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("eleven signs", None),
        ("x" * 129, "too_long"),
        ("password123456", "password_too_common"),
        ("aaaaaaaaaaaaaaaa", "password_too_common"),
        ("my name is duty1", "password_too_common"),
        ("一二三四五六七八九十百千", None),
    ],
)
def test_a_password_is_long_and_not_what_everybody_tries(password: str, code: str | None) -> None:
    if code is None:
        refuse_weak(password, "duty1")
        return
    with pytest.raises(BadInput) as refused:
        refuse_weak(password, "duty1")
    assert refused.value.fields == {"password": code}


async def test_the_service_hashes_with_64_mebibytes() -> None:
    passwords = Passwords()

    assert "m=65536,t=2" in await passwords.hash("x")


async def test_an_unknown_name_takes_as_long_as_a_known_one(office: Office) -> None:
    """The same hash is computed for both: results instead of a stopwatch, which a busy machine would bend."""
    hashed: list[str] = []

    class Counting(Passwords):
        async def is_right(self, password_hash: str, password: str) -> bool:
            hashed.append(password_hash.rpartition("$")[0].rpartition("$")[0])  # parameters, not the salt
            return await Passwords.is_right(self, password_hash, password)

    people = People(idle=IDLE, absolute=ABSOLUTE, totp_required=False, passwords=Counting.insecure_fast())
    await _hire(office, people, "duty1")

    await _attempt(office, people, "duty1", WRONG)
    await _attempt(office, people, "nobody", WRONG)

    assert len(hashed) == 2
    assert len(set(hashed)) == 1


def test_every_refusal_of_a_sign_in_has_a_code_of_its_own() -> None:
    codes = [refusal.code for refusal in Refusal.__subclasses__()]

    assert len(codes) == len(set(codes))
