"""Which roles one person may hold together."""

from itertools import combinations

import pytest

from reception.domain.roles import ADMINS, COUNTY, UNGRANTED, Role, RoleMix, refuse_role_mix


@pytest.mark.parametrize("admin", sorted(ADMINS))
@pytest.mark.parametrize("other", Role)
def test_an_administrator_holds_no_other_role(admin: Role, other: Role) -> None:
    if other is admin:
        refuse_role_mix([admin])
        return
    with pytest.raises(RoleMix):
        refuse_role_mix([admin, other])


@pytest.mark.parametrize(("one", "other"), list(combinations(sorted(COUNTY), 2)))
def test_roles_of_the_county_go_together(one: Role, other: Role) -> None:
    refuse_role_mix([one, other])


@pytest.mark.parametrize("outside", [Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON])
@pytest.mark.parametrize("county", sorted(COUNTY))
def test_nobody_stands_inside_and_outside_the_county_organ(outside: Role, county: Role) -> None:
    with pytest.raises(RoleMix):
        refuse_role_mix([outside, county])


@pytest.mark.parametrize("role", sorted(UNGRANTED))
def test_no_person_is_a_terminal_or_a_guest(role: Role) -> None:
    with pytest.raises(RoleMix):
        refuse_role_mix([role])
