"""The auditor's page: the verdict on the chain, also when somebody exchanged the exported head."""

import pytest
from sqlalchemy import text

from reception.domain.roles import Role
from reception.services.work import Work
from reception.store.audit import AuditAction
from tests.support.clients import House


@pytest.mark.parametrize("query", ["", "?page=2", "?page=0", "?page=x", "?page=9999999"])
async def test_the_trail_is_read_page_by_page(house: House, query: str) -> None:
    auditor = await house.officer(Role.AUDIT_ADMIN)

    assert (await auditor.get(f"/admin/audit{query}")).status == 200


async def test_a_whole_chain_is_told_to_be_whole(house: House) -> None:
    auditor = await house.officer(Role.AUDIT_ADMIN)

    page = await auditor.submit("/admin/audit/verify")

    assert page.status == 200
    assert 'data-ok="true"' in page.text


async def test_a_changed_chain_is_told_with_its_first_bad_entry(house: House) -> None:
    auditor = await house.officer(Role.AUDIT_ADMIN)

    async def tamper(work: Work) -> None:
        await work.session.execute(text("DROP TRIGGER audit_event_no_update"))
        await work.session.execute(text("UPDATE audit_event SET actor = 'p-x' WHERE seq = 1"))

    await house.county.edge.run(tamper)
    page = await auditor.submit("/admin/audit/verify")

    assert 'data-ok="false"' in page.text
    assert "第 1 条" in page.text


async def test_an_exported_head_that_was_exchanged_is_told_in_words(house: House) -> None:
    auditor = await house.officer(Role.AUDIT_ADMIN)
    house.settings.audit_head_path.write_text('{"seq": 1, "hash": "0", "seal": "0"}')

    page = await auditor.submit("/admin/audit/verify")

    assert page.status == 200
    assert 'data-code="audit_head_forged"' in page.text
    assert "<p>refusal.audit_head_forged" not in page.text


async def test_an_unseal_that_was_refused_stands_in_the_trail(house: House) -> None:
    made, stranger = await house.county.visit(), await house.officer()

    refused = await stranger.post(f"/api/v1/cases/{made.case_number}/unseal", {"reason": "call_back"})

    assert refused.code == "not_allowed"
    found = await house.county.read(
        lambda work: work.session.scalar(
            text("SELECT count(*) FROM audit_event WHERE action = :action AND actor = :actor"),
            {"action": AuditAction.UNSEAL_REFUSED, "actor": stranger.actor.seat},
        )
    )
    assert found == 1
