"""Accounts: who makes them, who gives roles, and what ends with an old password."""

import pytest

from reception.domain.actors import Officer
from reception.domain.errors import BadInput, NotAllowed
from reception.domain.ids import PersonId
from reception.domain.roles import Role, RoleMix
from reception.services import accounts
from reception.services.accounts import NewPerson
from reception.services.work import Work
from reception.store.engine import Sessions
from reception.store.tables import LoginSessionRow
from tests.support.rows import NOW, add_person, add_unit
from tests.support.works import Office


@pytest.fixture
def office(sessions: Sessions) -> Office:
    """Where use cases run."""
    return Office(sessions)


async def _officer(office: Office, *roles: Role) -> Officer:
    async def use_case(work: Work) -> Officer:
        row = await add_person(work.session, None, *roles)
        return Officer(
            person=PersonId(row.id),
            username=row.username,
            name=row.name,
            post=row.post,
            unit=row.unit_id,
            roles=frozenset(roles),
            login="login",
        )

    return await office.run(use_case)


async def _new(office: Office, username: str = "duty1", name: str = "李某") -> NewPerson:
    async def use_case(work: Work) -> str:
        return (await add_unit(work.session)).id

    return NewPerson(username, name, "接访员", await office.run(use_case), "hash")


async def _sign_in(office: Office, person: PersonId, login: str) -> None:
    async def use_case(work: Work) -> None:
        work.session.add(
            LoginSessionRow(
                id=login,
                secret_hash=login,
                person_id=person,
                csrf_token="-",
                browser="-",
                created_at=NOW,
                last_seen_at=NOW,
                expires_at=NOW,
            )
        )

    await office.run(use_case)


async def test_the_system_administrator_makes_accounts_and_the_security_administrator_gives_roles(
    office: Office,
) -> None:
    system, security = await _officer(office, Role.SYS_ADMIN), await _officer(office, Role.SECURITY_ADMIN)
    new = await _new(office)

    person = await office.run(lambda work: accounts.create_person(work, system, new))
    await office.run(lambda work: accounts.grant_role(work, security, person, Role.COUNTY_DUTY_OFFICER))

    assert await office.read(lambda work: accounts.roles_of(work, person)) == {Role.COUNTY_DUTY_OFFICER}
    assert await office.trail() == [("person_created", None), ("role_granted", "county_duty_officer")]


async def test_no_administrator_does_the_other_s_work(office: Office) -> None:
    system, security = await _officer(office, Role.SYS_ADMIN), await _officer(office, Role.SECURITY_ADMIN)
    new = await _new(office)

    with pytest.raises(NotAllowed):
        await office.run(lambda work: accounts.create_person(work, security, new))
    with pytest.raises(NotAllowed):
        await office.run(lambda work: accounts.grant_role(work, system, system.person, Role.MAIN_LEADER))


async def test_an_administrator_can_not_be_given_a_business_role(office: Office) -> None:
    security = await _officer(office, Role.SECURITY_ADMIN)

    with pytest.raises(RoleMix):
        await office.run(
            lambda work: accounts.grant_role(work, security, security.person, Role.COUNTY_DUTY_OFFICER)
        )


@pytest.mark.parametrize(
    ("username", "name", "fields"),
    [
        ("x", "李某", {"username": "username_format"}),
        ("有名", "李某", {"username": "username_format"}),
        ("taken", "李某", {"username": "username_taken"}),
        ("duty1", "", {"name": "required"}),
        ("duty1", "李\u202e某", {"name": "name_characters"}),
        ("x", "", {"username": "username_format", "name": "required"}),
    ],
)
async def test_an_account_that_does_not_hold_is_told_all_that_is_wrong(
    office: Office, username: str, name: str, fields: dict[str, str]
) -> None:
    taken = await _new(office, "taken")
    await office.run(lambda work: accounts.create_person(work, None, taken))
    new = await _new(office, username, name)

    with pytest.raises(BadInput) as refused:
        await office.run(lambda work: accounts.create_person(work, None, new))

    assert refused.value.fields == fields


async def test_an_old_password_takes_its_sessions_along(office: Office) -> None:
    officer = await _officer(office, Role.COUNTY_DUTY_OFFICER)
    for login in ("one", "two"):
        await _sign_in(office, officer.person, login)

    closed = await office.run(lambda work: accounts.set_password(work, officer, officer.person, "new"))

    assert sorted(closed) == ["one", "two"]


async def test_nobody_but_the_system_administrator_sets_another_s_password(office: Office) -> None:
    officer, other = await _officer(office, Role.MAIN_LEADER), await _officer(office)

    with pytest.raises(NotAllowed):
        await office.run(lambda work: accounts.set_password(work, officer, other.person, "new"))


@pytest.mark.both_databases
async def test_a_role_that_is_taken_away_ends_the_sessions_opened_with_it(office: Office) -> None:
    security, officer = (
        await _officer(office, Role.SECURITY_ADMIN),
        await _officer(office, Role.COUNTY_DUTY_OFFICER),
    )
    await _sign_in(office, officer.person, "one")

    closed = await office.run(
        lambda work: accounts.revoke_role(work, security, officer.person, Role.COUNTY_DUTY_OFFICER)
    )

    assert closed == ("one",)
    assert await office.read(lambda work: accounts.roles_of(work, officer.person)) == frozenset()


async def test_a_closed_account_ends_its_sessions(office: Office) -> None:
    system, officer = await _officer(office, Role.SYS_ADMIN), await _officer(office)
    await _sign_in(office, officer.person, "one")

    closed = await office.run(lambda work: accounts.set_active(work, system, officer.person, active=False))

    assert closed == ("one",)


async def test_the_list_of_people_is_for_administrators(office: Office) -> None:
    system, officer = await _officer(office, Role.SYS_ADMIN), await _officer(office, Role.MAIN_LEADER)

    lines = await office.read(lambda work: accounts.list_people(work, system))

    assert {line.person: line.roles for line in lines} == {
        system.person: {Role.SYS_ADMIN},
        officer.person: {Role.MAIN_LEADER},
    }
    with pytest.raises(NotAllowed):
        await office.read(lambda work: accounts.list_people(work, officer))
