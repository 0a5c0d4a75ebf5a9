"""Repeat visits over HTTP: what gets out, to whom, and that a repeated request is one deed."""

from dataclasses import dataclass
from uuid import uuid4

from reception.domain.roles import Role
from reception.domain.visits import VisitState
from tests.support.clients import House, OfficerClient
from tests.support.repeats import CANAL_AGAIN, Section, a_section, assign, comes, joins, links_of, number_of

SAID = {"contacted": "partly", "explained": "no", "satisfied": "no", "words": "只打过一次电话。"}


@dataclass(frozen=True, slots=True)
class Return:
    """A second visit in its call, on an assigned case, with both handlers in."""

    visit: str
    case: str
    link: str
    host: OfficerClient
    director: OfficerClient
    section: Section


async def a_return(house: House) -> Return:
    county = house.county
    section = await a_section(county)
    director = house.browser_of(await county.sign_in(section.director.person, section.director.username))
    host = await house.officer()
    await county.goes_on_duty(host.actor)
    first = await comes(county, VisitState.OUTCOME_LOGGED, officer=host.actor)
    case = await assign(county, section, first.id)
    second = await comes(county, VisitState.IN_CALL, summary=CANAL_AGAIN, officer=host.actor)
    (link,) = await links_of(county, second.id)
    await joins(county, second.id, section.director, section.leader)
    return Return(second.id, await number_of(county, case), link.id, host, director, section)


async def test_the_question_is_absent_from_what_a_handler_is_answered(house: House) -> None:
    back = await a_return(house)
    await back.host.post(f"/api/v1/repeat-links/{back.link}/confirm")
    await back.host.post(f"/api/v1/repeat-links/{back.link}/alone", {"on": True})

    kept = await back.host.post(f"/api/v1/repeat-links/{back.link}/handling", SAID)

    assert kept.status == 200, kept.text
    asked_by_host = (await back.host.get(f"/api/v1/visits/{back.visit}/repeats")).json["links"][0]
    assert asked_by_host["handling"]["is_asked"] is True
    seen = (await back.director.get(f"/api/v1/visits/{back.visit}/repeats")).json["links"][0]
    assert seen["rung"] == "repeat"
    assert "handling" not in seen
    for path in ("repeats", "snapshot", "attendance"):
        await back.director.get(f"/api/v1/visits/{back.visit}/{path}")
    for path in (
        f"/cases/{back.case}",
        f"/api/v1/cases/{back.case}",
        f"/api/v1/repeat-links/{back.link}/handling",
    ):
        await back.director.get(path)
    heard = b"".join(back.director.heard).decode()
    assert "只打过一次电话" not in heard
    assert "is_asked" not in heard
    refused = await back.director.get(f"/api/v1/repeat-links/{back.link}/handling")
    assert refused.status == 403


async def test_a_township_and_its_terminal_hear_nothing_of_earlier_cases(house: House) -> None:
    county = house.county
    first = await comes(county, VisitState.OUTCOME_LOGGED)
    township = await house.officer(Role.TOWNSHIP_OFFICER)
    second = await comes(county, terminal=first.terminal)
    (link,) = await links_of(county, second.id)
    terminal = house.page_of(second.terminal)

    assert (await township.get(f"/api/v1/visits/{second.id}/repeats")).status == 403
    await township.get(f"/cases/{second.case_number}")
    await terminal.get("/api/v1/terminal")

    for client in (township, terminal):
        heard = b"".join(client.heard).decode()
        assert first.case_number not in heard
        assert link.id not in heard
        assert 'data-testid="case-repeats"' not in heard


async def test_a_decision_that_is_sent_twice_is_one(house: House) -> None:
    back = await a_return(house)
    key = str(uuid4())

    answers = [await back.host.post(f"/api/v1/repeat-links/{back.link}/confirm", key=key) for _ in range(2)]
    again = await back.host.post(f"/api/v1/repeat-links/{back.link}/confirm")

    assert [answer.status for answer in answers] == [200, 200]
    assert (
        answers[0].json
        == answers[1].json
        == {
            "link": back.link,
            "state": "confirmed",
            "count": 2,
            "rung": "repeat",
        }
    )
    assert (again.status, again.code) == (409, "link_decided")


async def test_the_outcome_of_a_repeat_visit_is_refused_with_a_code_of_its_own(house: House) -> None:
    county = house.county
    section = await a_section(county)
    host = await house.officer()
    await county.goes_on_duty(host.actor)
    first = await comes(county, VisitState.OUTCOME_LOGGED, officer=host.actor)
    await assign(county, section, first.id)
    second = await comes(county, VisitState.IN_CALL, officer=host.actor)
    (link,) = await links_of(county, second.id)
    await host.post(f"/api/v1/repeat-links/{link.id}/confirm")
    await host.post(f"/api/v1/visits/{second.id}/end")
    outcome = {
        "code": "answered_on_spot",
        "asked": "反映水渠。",
        "answer": "已说明。",
        "next": "无。",
        "owner": host.actor.person,
    }

    refused = await host.post(f"/api/v1/visits/{second.id}/outcome", outcome)
    faulty = await host.post(f"/api/v1/repeat-links/{link.id}/excuse", {"kind": "excused"})
    await host.post(f"/api/v1/repeat-links/{link.id}/excuse", {"kind": "excused", "reason": "urgent_task"})
    saved = await host.post(f"/api/v1/visits/{second.id}/outcome", outcome)

    assert (refused.status, refused.code) == (409, "rung_unmet")
    assert (faulty.status, faulty.json["error"]["fields"]) == (422, {"reason": "required"})
    assert saved.status == 200


async def test_a_case_s_page_tells_who_handles_it_and_who_came_back(house: House) -> None:
    back = await a_return(house)
    await back.host.post(f"/api/v1/repeat-links/{back.link}/confirm")

    page = await back.host.get(f"/cases/{back.case}")

    assert page.status == 200
    assert 'data-testid="case-assignment"' in page.text
    assert page.text.count('data-testid="visit-on-matter"') == 2
    assert 'data-testid="assign-submit"' not in page.text, "a duty officer does not assign"


async def test_the_petition_office_assigns_over_the_api_and_a_stranger_is_refused(house: House) -> None:
    county = house.county
    section = await a_section(county)
    made = await comes(county)
    office = house.browser_of(await county.sign_in(section.office.person, section.office.username))
    duty = await house.officer()
    body = {"section": section.id, "owner": section.director.person}
    path = f"/api/v1/cases/{made.case_number}/assignment"

    assert (await duty.post(path, body)).status == 403
    assigned = await office.post(path, body)

    assert assigned.status == 200, assigned.text
    assert assigned.json["section_name"] == "第二监督检查室"
    assert (await office.post(path, {"section": "", "owner": ""})).json["error"]["fields"] == {
        "section": "required"
    }
