"""Input that does not hold: a stable code, words in both languages, and nothing half saved."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from reception.domain.identity import check_digit
from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services.devices import CODE_LIFE
from reception.store.tables import VisitRow
from reception.web.requests import MAX_BODY_BYTES
from tests.support.clients import Client, House, Reply, a_declaration, a_house, a_registration
from tests.support.factories import FrozenClock, TerminalKey, an_id_number

VISITS = "/api/v1/visits"
TRACES = {"audit_event"}  # a refusal may leave its line in the trail, and nothing else


@pytest.fixture
async def house(tmp_path: Path, migrated_sqlite: Path, clock: FrozenClock) -> AsyncIterator[House]:
    """The application, with a countdown that outlasts a test: a call that goes live writes its own rows."""
    shutil.copy(migrated_sqlite, tmp_path / "reception.db")
    async with a_house(tmp_path, clock, countdown_s=10) as running:
        yield running


async def assert_refused(
    house: House,
    ask: Callable[[], Awaitable[Reply]],
    status: int,
    code: str,
    fields: dict[str, str] | None = None,
) -> None:
    """Ask, and check that the answer is this refusal, in words, and that nothing was saved."""
    before = await house.county.rows()

    reply = await ask()

    assert (reply.status, reply.code) == (status, code), reply.text
    error = reply.json["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["fields"] == (fields or {})
    assert_says(error["message"], code)
    after = await house.county.rows()
    assert {name for name in after if after[name] != before[name]} <= TRACES


def assert_says(message: str, code: str) -> None:
    """Check that a message is a Chinese sentence, not a code."""
    assert message != f"refusal.{code}"
    assert any("\u4e00" <= sign <= "\u9fff" for sign in message), message


def wrong_check_digit() -> str:
    right = an_id_number()
    return right[:17] + ("1" if check_digit(right[:17]) != "1" else "2")


# Enrolment


def enrolment(code: str) -> dict[str, object]:
    return {"code": code, "public_key": TerminalKey().public_jwk}


async def issued_code(house: House) -> str:
    room = await house.county.room()
    issued = await house.county.edge.run(lambda work: house.county.devices.issue_code(work, None, room))
    return issued.code


async def test_a_wrong_enrolment_code_enrols_nothing(house: House) -> None:
    await issued_code(house)
    client = house.stranger()

    for code in ("ABCDE-FGHIJ", "", "'; DROP TABLE device; --", "字" * 40):
        await assert_refused(
            house,
            partial(client.post, "/api/v1/devices/enrol", enrolment(code)),
            409,
            "enrolment_code_wrong",
        )


async def test_an_expired_enrolment_code_enrols_nothing(house: House) -> None:
    code = await issued_code(house)
    house.county.clock.advance(seconds=CODE_LIFE.total_seconds())

    await assert_refused(
        house,
        lambda: house.stranger().post("/api/v1/devices/enrol", enrolment(code)),
        409,
        "enrolment_code_wrong",
    )


async def test_an_enrolment_code_enrols_once(house: House) -> None:
    code, client = await issued_code(house), house.stranger()
    first = await client.post("/api/v1/devices/enrol", enrolment(code.lower().replace("-", " ")))
    assert first.status == 201, first.text

    await assert_refused(
        house, lambda: client.post("/api/v1/devices/enrol", enrolment(code)), 409, "enrolment_code_wrong"
    )


async def test_guessing_enrolment_codes_is_slowed_down(house: House) -> None:
    client = house.stranger()
    for _ in range(5):
        await client.post("/api/v1/devices/enrol", enrolment("ABCDE-FGHIJ"))
    code = await issued_code(house)

    await assert_refused(
        house, lambda: client.post("/api/v1/devices/enrol", enrolment(code)), 429, "too_many_attempts"
    )


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},  # no point of the curve
        {"kty": "EC", "crv": "P-384", "x": "A" * 43, "y": "A" * 43},
        {"kty": "RSA", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
        {"kty": "EC", "crv": "P-256", "x": "!" * 43, "y": "!" * 43},
    ],
)
async def test_a_key_that_is_none_leaves_the_code_unused(house: House, key: dict[str, str]) -> None:
    code, client = await issued_code(house), house.stranger()

    await assert_refused(
        house,
        lambda: client.post("/api/v1/devices/enrol", {"code": code, "public_key": key}),
        422,
        "bad_input",
        {"public_key": "wrong"},
    )
    assert (await client.post("/api/v1/devices/enrol", enrolment(code))).status == 201


# Fields


async def test_a_wrong_check_digit_names_its_field(house: House) -> None:
    terminal = await house.terminal()
    body = a_registration(visitor={"name": "王试用", "id_number": wrong_check_digit()})

    await assert_refused(
        house,
        lambda: terminal.post(VISITS, body),
        422,
        "bad_input",
        {"visitor.id_number": "id_number_check_digit"},
    )


async def test_all_faults_of_a_registration_come_together(house: House) -> None:
    terminal = await house.terminal()
    body = a_registration(
        visitor={"name": "", "id_number": "1", "phone": "110"},
        group={"head_count": 0, "representatives": [{"name": "", "phone": "x"}]},
        matters=[{"kind": "gossip", "summary": " "}],
    )

    await assert_refused(
        house,
        lambda: terminal.post(VISITS, body),
        422,
        "bad_input",
        {
            "visitor.name": "required",
            "visitor.id_number": "id_number_length",
            "visitor.phone": "phone_format",
            "group.head_count": "out_of_range",
            "group.representatives.0.name": "required",
            "group.representatives.0.phone": "phone_format",
            "matters.0.kind": "required",
            "matters.0.summary": "required",
        },
    )


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (a_registration(state="outcome_logged"), None),
        (a_registration(case_no="XF2026-00001"), None),
        (a_registration(visitor={"name": "王试用", "role": "sys_admin"}), {"visitor": "wrong"}),
        (a_registration(matters=[{"kind": "report", "summary": "x", "id": "1"}]), {"matters.0": "wrong"}),
        (a_registration(anonymous="yes"), {"anonymous": "wrong"}),
        (a_registration(matters="report"), {"matters": "wrong"}),
        (
            a_registration(matters=[{"kind": "report", "summary": "字" * 4001}]),
            {"matters.0.summary": "too_long"},
        ),
        (a_registration(group={"head_count": 2**70}), {"group.head_count": "out_of_range"}),
        (a_registration(group={"head_count": 1.5}), {"group.head_count": "wrong"}),
        ({"anonymous": True}, None),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
async def test_a_body_of_another_shape_is_refused(
    house: House, body: object, fields: dict[str, str] | None
) -> None:
    terminal = await house.terminal()

    await assert_refused(
        house,
        lambda: terminal.send("POST", VISITS, raw=json.dumps(body).encode(), headers=AS_JSON),
        422 if fields else 400,
        "bad_input" if fields else "bad_body",
        fields,
    )


AS_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"anonymous": tru}',
        b"{'anonymous': true}",
        b'{"anonymous": true,}',
        b'{"anonymous": NaN}',
        b"\xff\xfe{}",
        b'{"visitor": {"name": "\xed\xa0\x80"}}',
        b"[" * 30_000 + b"]" * 30_000,
        b'{"visitor":' * 5_000 + b"{}" + b"}" * 5_000,
    ],
    ids=["empty", "cut", "typo", "quotes", "comma", "nan", "utf16", "surrogate", "deep list", "deep object"],
)
async def test_what_is_no_json_is_refused(house: House, raw: bytes) -> None:
    terminal, before = await house.terminal(), await house.county.rows()

    reply = await terminal.send("POST", VISITS, raw=raw, headers=AS_JSON)

    assert (reply.status, reply.code) in {(400, "bad_body"), (422, "bad_input")}
    assert await house.county.rows() == before | {"device": before["device"]}


async def test_a_body_over_the_limit_is_refused_before_it_is_read_as_anything(house: House) -> None:
    terminal, officer = await house.terminal(), await house.officer()
    big = json.dumps(a_registration(note="字" * MAX_BODY_BYTES)).encode()

    await assert_refused(
        house, lambda: terminal.send("POST", VISITS, raw=big, headers=AS_JSON), 413, "too_large"
    )
    form = await officer.submit("/account/totp", sealed="x" * MAX_BODY_BYTES, code="1")
    assert form.status == 413


async def test_a_body_of_exactly_the_limit_is_read(house: House) -> None:
    terminal = await house.terminal()
    body = json.dumps(a_registration()).encode()

    reply = await terminal.send("POST", VISITS, raw=body.ljust(MAX_BODY_BYTES), headers=AS_JSON)

    assert reply.status == 201


async def test_a_compressed_body_is_not_unpacked_beyond_the_limit(house: House) -> None:
    import zlib

    terminal = await house.terminal()
    bomb = zlib.compress(b" " * (32 * 1024 * 1024))
    assert len(bomb) < MAX_BODY_BYTES

    reply = await terminal.send("POST", VISITS, raw=bomb, headers={**AS_JSON, "Content-Encoding": "deflate"})

    assert reply.status in {400, 413, 415}


async def test_words_come_in_the_language_of_the_request(house: House) -> None:
    terminal = await house.terminal()

    chinese = await terminal.post(VISITS, {"anonymous": True})
    english = await terminal.post(f"{VISITS}?lang=en", {"anonymous": True})
    by_cookie = await terminal.post(VISITS, {"anonymous": True}, headers={"Cookie": "reception_language=en"})

    assert_says(chinese.json["error"]["message"], "bad_body")
    assert english.json["error"]["message"].isascii()
    assert english.json["error"]["message"] == by_cookie.json["error"]["message"]
    assert english.json["error"]["message"] != "refusal.bad_body"


# Idempotency


async def test_without_a_usable_key_nothing_unsafe_is_done(house: House) -> None:
    terminal = await house.terminal()

    for key in (" ", "short", "x" * 65, "sch\u00fcssel-1"):
        await assert_refused(
            house,
            partial(terminal.post, VISITS, a_registration(), headers={"Idempotency-Key": key}),
            400,
            "idempotency_key_missing",
        )
    await assert_refused(
        house,
        lambda: terminal.post(VISITS, a_registration(), headers={"Idempotency-Key": ""}),
        400,
        "idempotency_key_missing",
    )


async def test_a_repeated_request_gets_its_first_answer(house: House) -> None:
    terminal, key = await house.terminal(), str(uuid4())
    first = await terminal.post(VISITS, a_registration(), key=key)
    before = await house.county.rows()

    second = await terminal.post(VISITS, a_registration(), key=key)

    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert await house.county.rows() == before


async def test_a_key_used_for_another_body_is_refused(house: House) -> None:
    terminal, key = await house.terminal(), str(uuid4())
    assert (await terminal.post(VISITS, a_registration(), key=key)).status == 201

    await assert_refused(
        house,
        lambda: terminal.post(VISITS, a_registration(direct=True), key=key),
        409,
        "idempotency_mismatch",
    )


async def test_a_key_of_one_login_says_nothing_to_another(house: House) -> None:
    key = str(uuid4())
    first, second = await house.terminal(), await house.terminal()

    answers = [await client.post(VISITS, a_registration(), key=key) for client in (first, second)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json["visit"] != answers[1].json["visit"]


async def test_a_refused_request_may_be_put_right_under_its_key(house: House) -> None:
    terminal, key = await house.terminal(), str(uuid4())
    assert (await terminal.post(VISITS, a_registration(matters=[]), key=key)).status == 422

    assert (await terminal.post(VISITS, a_registration(), key=key)).status == 201


async def test_fifty_parallel_duplicates_register_one_visit(house: House) -> None:
    terminal, key = await house.terminal(), str(uuid4())

    answers = await asyncio.gather(*(terminal.post(VISITS, a_registration(), key=key) for _ in range(50)))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    rows = await house.county.rows()
    assert (rows["visit"], rows["case_file"], rows["identity"], rows["command_result"]) == (1, 1, 1, 1)


async def test_fifty_parallel_outcomes_give_one_receipt(house: House) -> None:
    made = await house.county.visit(VisitState.WRAP_UP)
    assert made.officer is not None
    officer = house.browser_of(await house.county.sign_in(made.officer.person, made.officer.username))
    form = {
        "code": "answered_on_spot",
        "asked": "问",
        "answer": "答",
        "next": "无",
        "owner": made.officer.person,
    }
    key = str(uuid4())

    answers = await asyncio.gather(
        *(officer.post(f"{VISITS}/{made.id}/outcome", form, key=key) for _ in range(50))
    )

    assert {answer.status for answer in answers} == {200}
    assert {answer.json["receipt"] for answer in answers} == {"JF2026-000001"}
    assert (await house.county.rows())["outcome"] == 1


# State


async def owner_of(house: House, state: VisitState) -> tuple[Client, Client, str]:
    """Return the terminal's page, the officer's browser and the id of a visit in this state."""
    made = await house.county.visit(state)
    officer = made.officer or await house.county.on_duty()
    browser = house.browser_of(await house.county.sign_in(officer.person, officer.username))
    return house.page_of(made.terminal), browser, made.id


OUTCOME = {"code": "answered_on_spot", "asked": "问", "answer": "答", "next": "无", "owner": "x"}
ANSWER = {"answer": "已公示。", "satisfied": True, "officer": "x"}


@pytest.mark.parametrize(
    ("state", "who", "step", "body", "code"),
    [
        (VisitState.REGISTERED, "terminal", "raise", a_declaration(), "wrong_state"),
        (VisitState.WAITING, "terminal", "raise", a_declaration(), "wrong_state"),
        (VisitState.IN_CALL, "terminal", "cancel", {}, "wrong_state"),
        (VisitState.OUTCOME_LOGGED, "terminal", "cancel", {}, "wrong_state"),
        (VisitState.REGISTERED, "officer", "answer", {}, "already_answered"),
        (VisitState.CANCELLED, "officer", "answer", {}, "already_answered"),
        (VisitState.IN_CALL, "officer", "answer", {}, "already_answered"),
        (VisitState.OUTCOME_PENDING, "officer", "end", {}, "wrong_state"),
        (VisitState.OUTCOME_LOGGED, "officer", "end", {}, "wrong_state"),
        (VisitState.IN_CALL, "officer", "outcome", OUTCOME, "outcome_required"),
        (VisitState.OUTCOME_LOGGED, "officer", "outcome", OUTCOME, "outcome_exists"),
    ],
)
async def test_a_step_out_of_its_order_is_refused(
    house: House, state: VisitState, who: str, step: str, body: dict[str, object], code: str
) -> None:
    terminal, officer, visit = await owner_of(house, state)
    client = terminal if who == "terminal" else officer

    await assert_refused(house, lambda: client.post(f"{VISITS}/{visit}/{step}", body), 409, code)

    found = await house.county.read(
        lambda work: work.session.scalar(select(VisitRow.state).where(VisitRow.id == visit))
    )
    assert found == state


@pytest.mark.parametrize("visit", ["unknown", "..%2f..", "x" * 200, "'%20OR%201=1"])
async def test_an_id_that_nobody_has_is_not_found(house: House, visit: str) -> None:
    officer, admin = await house.officer(), await house.officer(Role.SYS_ADMIN)
    await house.county.goes_on_duty(officer.actor)

    for step in ("answer", "decline", "end", "join"):
        await assert_refused(house, partial(officer.post, f"{VISITS}/{visit}/{step}"), 404, "not_found")
    await assert_refused(house, lambda: admin.post(f"{VISITS}/{visit}/stop"), 404, "not_found")


async def test_somebody_elses_visit_answers_like_one_that_does_not_exist(house: House) -> None:
    made, stranger = await house.county.visit(), await house.terminal()

    theirs = await stranger.post(f"{VISITS}/{made.id}/cancel")
    nobodys = await stranger.post(f"{VISITS}/{'x' * 22}/cancel")

    assert (theirs.status, theirs.body) == (nobodys.status, nobodys.body) == (404, theirs.body)


async def test_a_ledger_page_of_nonsense_is_answered_or_refused_in_words(house: House) -> None:
    officer = await house.officer()

    for query in ("page=-1", "page=x", "page=99999999999", "q=%25", "q=%00", "township=nowhere"):
        reply = await officer.get(f"/api/v1/cases?{query}")
        assert reply.status == 200, query
    assert (await officer.get("/api/v1/cases?state=solved")).json["error"]["fields"] == {"state": "unknown"}
    assert (await officer.get("/api/v1/cases?page=0")).json["error"]["fields"] == {"page": "out_of_range"}
