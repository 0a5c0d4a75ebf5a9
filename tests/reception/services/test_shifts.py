"""A duty shift ends with the last session of whoever sits it, unless something is still owed."""

from collections.abc import Awaitable, Callable

import pytest

from reception.domain.roles import Role
from reception.domain.visits import VisitState
from reception.services import accounts
from reception.services.notes import RingStopped
from reception.services.people import SignedIn
from reception.store.duty import Duty
from tests.support.factories import County

Leaves = Callable[[County, SignedIn], Awaitable[object]]


async def by_signing_out(county: County, who: SignedIn) -> None:
    await county.edge.run(lambda work: county.people.sign_out(work, who.actor))


async def by_revocation(county: County, who: SignedIn) -> None:
    admin = await county.officer(Role.SECURITY_ADMIN)
    await county.edge.run(lambda work: county.people.revoke(work, admin, who.actor.login))


async def by_losing_the_role(county: County, who: SignedIn) -> None:
    admin = await county.officer(Role.SECURITY_ADMIN)
    role = Role.COUNTY_DUTY_OFFICER
    await county.edge.run(lambda work: accounts.revoke_role(work, admin, who.actor.person, role))


async def by_a_closed_account(county: County, who: SignedIn) -> None:
    admin = await county.officer(Role.SYS_ADMIN)
    await county.edge.run(lambda work: accounts.set_active(work, admin, who.actor.person, active=False))


async def is_on_duty(county: County, who: SignedIn) -> bool:
    return await county.read(lambda work: Duty(work.session).open_shift(who.actor.person)) is not None


EVERY_WAY = pytest.mark.parametrize(
    "leaves", [by_signing_out, by_revocation, by_losing_the_role, by_a_closed_account]
)


@EVERY_WAY
async def test_who_leaves_is_off_duty_and_their_bell_silent(county: County, leaves: Leaves) -> None:
    who = await county.signed_in()
    await county.goes_on_duty(who.actor)
    made = await county.visit(VisitState.WAITING)
    assert county.hall.rung(made.id) == {who.actor.person}

    await leaves(county, who)

    assert not await is_on_duty(county, who)
    assert RingStopped(made.id, (who.actor.person,), "off_duty") in county.hall.notes


@EVERY_WAY
@pytest.mark.parametrize("state", [VisitState.IN_CALL, VisitState.WRAP_UP, VisitState.OUTCOME_PENDING])
async def test_who_owes_a_call_or_its_outcome_stays_on_duty(
    county: County, leaves: Leaves, state: VisitState
) -> None:
    who = await county.signed_in()
    await county.goes_on_duty(who.actor)
    await county.visit(state, officer=who.actor)

    await leaves(county, who)

    assert await is_on_duty(county, who)


async def test_who_is_signed_in_elsewhere_stays_on_duty(county: County) -> None:
    who = await county.signed_in()
    await county.goes_on_duty(who.actor)
    other = await county.sign_in(who.actor.person, who.actor.username)

    await by_signing_out(county, who)
    assert await is_on_duty(county, who)
    await by_signing_out(county, other)

    assert not await is_on_duty(county, who)


async def test_a_session_that_ran_out_keeps_nobody_on_duty(county: County) -> None:
    forgotten = await county.signed_in()
    county.clock.advance(hours=2)
    who = await county.sign_in(forgotten.actor.person, forgotten.actor.username)
    await county.goes_on_duty(who.actor)

    await by_signing_out(county, who)

    assert not await is_on_duty(county, who)
