"""The calendar's page, its API and its feeds, as browsers and calendar programs use them."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from reception.domain.roles import Role
from reception.domain.visits import VisitState
from tests.support.appointed import Appointed
from tests.support.clients import House, OfficerClient
from tests.support.factories import FrozenClock, an_outcome
from tests.support.ics import events_of

PAGE = "/schedule/calendar"
NOTICE = "2027-01-01 2027-01-03 休 元旦\n2027年2月5日至2027年2月11日 休 春节\n2027-02-14 班 春节"


@pytest.fixture
def clock() -> FrozenClock:
    """The clock stands where the published calendar ends."""
    return FrozenClock(datetime(2026, 11, 20, 1, 0, tzinfo=UTC))


@pytest.fixture
async def office(house: House) -> OfficerClient:
    """The petition office."""
    return await house.officer(Role.PETITION_OFFICE)


def days(text: str, kind: str) -> list[str]:
    """Return the days of a kind that a page shows."""
    return re.findall(rf'data-day="([0-9-]+)" data-kind="{kind}"', text)


async def test_a_year_with_a_notice_shows_holidays_and_make_up_days(house: House) -> None:
    page = await (await house.officer()).get(f"{PAGE}?year=2026")

    assert page.status == 200
    assert 'data-state="announced"' in page.text
    assert days(page.text, "make_up")[:3] == ["2026-01-04", "2026-02-14", "2026-02-28"]
    assert len(days(page.text, "holiday")) == 33
    assert "2026-02-16" in days(page.text, "holiday")
    assert len(re.findall("data-day=", page.text)) == 365


async def test_a_year_without_a_notice_says_that_it_is_provisional(house: House) -> None:
    page = await (await house.officer()).get(f"{PAGE}?year=2027")

    assert 'data-state="provisional"' in page.text
    assert "provisional-note" in page.text
    assert days(page.text, "make_up") == []
    assert "2027-02-06" in days(page.text, "holiday")
    assert page.text.count("data-provisional") >= 365


@pytest.mark.parametrize("year", ["", "0", "1999", "99999", "abc", "２０２６", "-1"])
async def test_an_address_that_names_no_year_shows_the_present_one(house: House, year: str) -> None:
    page = await (await house.officer()).get(f"{PAGE}?year={year}")

    assert page.status == 200
    assert 'data-testid="year">2026年' in page.text


@pytest.mark.parametrize("year", [2004, 2100])
async def test_the_first_and_the_last_year_have_their_page(house: House, year: int) -> None:
    page = await (await house.officer()).get(f"{PAGE}?year={year}")

    assert page.status == 200
    assert len(re.findall(f'data-day="{year}-', page.text)) in (365, 366)


async def test_the_office_edits_and_others_read(house: House, office: OfficerClient) -> None:
    assert 'action="/schedule/calendar/day"' in (await office.get(PAGE)).text
    for role in (Role.COUNTY_DUTY_OFFICER, Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON):
        page = await (await house.officer(role)).get(PAGE)
        assert page.status == 200
        assert 'action="/schedule/calendar/day"' not in page.text
        assert 'action="/schedule/calendar/hours' not in page.text


async def test_a_typed_notice_is_loaded_by_a_plain_form(office: OfficerClient) -> None:
    reply = await office.submit(f"{PAGE}/notice", year="2027", notice=NOTICE)

    assert reply.status == 303
    page = await office.get(reply.headers["Location"])
    assert 'data-state="announced"' in page.text
    assert "calendar-saved" in page.text
    assert days(page.text, "make_up") == ["2027-02-14"]
    assert len(days(page.text, "holiday")) == 10


async def test_a_notice_with_a_fault_comes_back_with_the_line_and_the_text(office: OfficerClient) -> None:
    reply = await office.submit(f"{PAGE}/notice", year="2027", notice=f"{NOTICE}\n2027-02-15 班 春节")

    assert reply.status == 422
    assert "第 4 行：" in reply.text
    assert "补班只能安排在周六或周日" in reply.text
    assert "2027-02-15 班 春节" in reply.text
    assert 'data-state="provisional"' in (await office.get(f"{PAGE}?year=2027")).text


async def test_a_notice_may_be_typed_in_english(office: OfficerClient) -> None:
    office.headers["Cookie"] += "; reception_language=en"

    reply = await office.submit(
        f"{PAGE}/notice", year="2027", notice="2027-02-05 to 2027-02-11 off Spring Festival"
    )

    assert reply.status == 303


async def test_what_the_program_brings_along_can_be_restored(office: OfficerClient) -> None:
    await office.submit(f"{PAGE}/day", day="2026-02-17", kind="workday", name="")
    assert "2026-02-17" in days((await office.get(f"{PAGE}?year=2026")).text, "workday")

    reply = await office.submit(f"{PAGE}/notice", year="2026", source="published")

    assert reply.status == 303
    assert "2026-02-17" in days((await office.get(f"{PAGE}?year=2026")).text, "holiday")
    missing = await office.submit(f"{PAGE}/notice", year="2090", source="published")
    assert missing.status == 404


@pytest.mark.parametrize(
    ("day", "kind", "name"),
    [
        ("2026-02-30", "holiday", ""),
        ("", "holiday", ""),
        ("1900-01-01", "holiday", ""),
        ("2027-01-04", "x", ""),
    ],
)
async def test_a_day_that_does_not_hold_is_refused_in_words(
    office: OfficerClient, day: str, kind: str, name: str
) -> None:
    reply = await office.submit(f"{PAGE}/day", day=day, kind=kind, name=name)

    assert reply.status == 422
    assert "calendar-faults" in reply.text


async def test_hours_are_kept_and_what_does_not_hold_comes_back_as_typed(
    house: House, office: OfficerClient
) -> None:
    path = f"{PAGE}/hours/{house.county.township}"
    week = {f"day{number}": "08:30-12:00 13:30-17:30" for number in range(5)}

    wrong = await office.submit(path, **week | {"day0": "12:00-08:30"}, day5="9:00-11:30", day6="")
    assert wrong.status == 422
    assert "hours-fault" in wrong.text
    assert 'value="12:00-08:30"' in wrong.text

    assert (await office.submit(path, **week, day5="9:00-11:30", day6="")).status == 303
    assert 'value="09:00-11:30"' in (await office.get(PAGE)).text
    assert (await office.submit(path, usual="1")).status == 303
    assert 'value="09:00-11:30"' not in (await office.get(PAGE)).text


# API


async def test_the_api_tells_days_and_time_limits(house: House) -> None:
    client = await house.officer()

    listed = (await client.get("/api/v1/calendar?from=2026-12-28&to=2027-01-01")).json["days"]
    due = (await client.get("/api/v1/calendar/due?start=2026-11-20&n=60&unit=calendar_day")).json

    assert [day["is_provisional"] for day in listed] == [False, True, True, True, True]
    assert listed[-1]["name"] == "new_year"
    assert (due["day"], due["is_provisional"]) == ("2027-01-19", True)


@pytest.mark.parametrize(
    "query",
    [
        "due?start=x&n=1&unit=month",
        "due?start=2026-01-01&n=0&unit=month",
        "due?start=2026-01-01&n=1001&unit=month",
        "due?start=2026-01-01&n=1&unit=week",
        "due?start=2026-01-01&n=²&unit=month",
        "due?start=9999-12-31&n=900&unit=month",
        "?from=2026-01-02&to=2026-01-01",
        "?from=2026-01-01&to=2036-01-01",
        "?from=9999-12-30&to=9999-12-31",
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(house: House, query: str) -> None:
    path = f"/api/v1/calendar{'/' if query.startswith('due') else ''}{query}"

    assert (await (await house.officer()).get(path)).status == 422


async def test_a_notice_over_the_api_is_loaded_once_however_often_it_is_sent(office: OfficerClient) -> None:
    body = {"year": 2027, "days": [{"day": "2027-01-19", "kind": "holiday", "name": "local"}]}

    first = await office.send("POST", "/api/v1/calendar/notices", json_body=body, key="notice-of-2027")
    again = await office.send("POST", "/api/v1/calendar/notices", json_body=body, key="notice-of-2027")

    assert (first.status, first.json) == (200, {"moved": 0})
    assert again.body == first.body
    wrong = {"year": 2027, "days": [{"day": "2026-01-19", "kind": "holiday"}]}
    assert (await office.post("/api/v1/calendar/notices", wrong)).json["error"]["fields"] == {
        "days.0.day": "other_year"
    }
    edited = await office.post("/api/v1/calendar/days", {"day": "2027-01-20", "kind": "rest"})
    assert edited.json == {"moved": 0}
    far = await office.post("/api/v1/calendar/days", {"day": "9999-12-31", "kind": "rest"})
    assert far.json["error"]["fields"] == {"day": "range"}


# Feeds


async def test_a_persons_feed_is_made_read_and_taken_back(house: House) -> None:
    appointed = await Appointed.at(house.county, house.county.clock.now + timedelta(days=1))
    official = house.browser_of(
        await house.county.sign_in(appointed.official.person, appointed.official.username)
    )
    program = house.stranger()

    page = await official.submit("/account/feed", action="issue")
    [address] = re.findall(r"http://[^<]+\.ics", page.text)
    reply = await program.get(address.removeprefix(official.origin))

    assert address not in (await official.get("/account")).text, "it is shown once"
    assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store"
    [event] = events_of(reply.body)
    assert event["UID"] == f"{appointed.id}@reception.invalid"

    await official.submit("/account/feed", action="revoke")
    gone = await program.get(address.removeprefix(official.origin))
    unknown = await program.get("/feeds/unknown.ics")
    assert (gone.status, unknown.status) == (404, 404)
    assert gone.body == unknown.body == b""


async def test_a_rooms_feed_is_made_by_its_township(house: House) -> None:
    room, other = await house.county.room(), await house.county.room(house.county.other_township)
    township = await house.officer(Role.TOWNSHIP_OFFICER)

    page = await township.submit(f"{PAGE}/rooms/{room}/feed", action="issue")
    foreign = await township.submit(f"{PAGE}/rooms/{other}/feed", action="issue")

    [address] = re.findall(r"http://[^<]+\.ics", page.text)
    assert (await house.stranger().get(address.removeprefix(township.origin))).status == 200
    assert foreign.status == 404
    assert other not in (await township.get(PAGE)).text


async def test_administrators_have_no_feed_and_no_calendar(house: House) -> None:
    admin = await house.officer(Role.SYS_ADMIN)

    assert "own-feed-issue" not in (await admin.get("/account")).text
    assert (await admin.get(PAGE)).status == 403
    assert (await admin.submit("/account/feed", action="issue")).status == 403


async def test_townships_do_not_learn_which_cases_a_notice_moved(house: House) -> None:
    county, township = await house.officer(), await house.officer(Role.TOWNSHIP_OFFICER)

    assert "provisional-count" in (await county.get(PAGE)).text
    assert "provisional-count" not in (await township.get(PAGE)).text


@pytest.mark.parametrize(
    ("due_on", "is_marked"),
    [
        (date(2027, 1, 19), True),  # nobody knows yet which days 2027 has off
        (date(2026, 11, 27), False),
    ],
)
async def test_a_due_date_without_a_notice_is_marked_until_it_is_loaded(
    house: House, office: OfficerClient, due_on: date, is_marked: bool
) -> None:
    made = await house.county.visit(VisitState.WRAP_UP)
    assert made.officer is not None
    form = an_outcome(made.officer, code="accepted_in_scope", due_on=due_on)
    await house.county.logs(made.officer, made.id, form)
    pages = ("/cases", f"/cases/{made.case_number}")
    mark = '<span class="badge" data-tone="wait" data-testid="due-provisional">'

    before = [mark in (await office.get(page)).text for page in pages]
    await office.submit(f"{PAGE}/notice", year="2027", notice=NOTICE)
    after = [mark in (await office.get(page)).text for page in pages]

    assert before == [is_marked, is_marked]
    assert after == [False, False]
