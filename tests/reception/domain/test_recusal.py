"""Recusal: who decides on whom, and what binds at once."""

import pytest

from reception.domain.recusal import Origin, may_decide, origin_of
from reception.domain.roles import Role

_LADDER = (Role.COUNTY_DUTY_OFFICER, Role.SECTION_DIRECTOR, Role.BRANCH_LEADER, Role.MAIN_LEADER)


@pytest.mark.parametrize("decider", range(4))
@pytest.mark.parametrize("recused", range(4))
def test_only_a_level_above_decides(decider: int, recused: int) -> None:
    assert may_decide({_LADDER[decider]}, {_LADDER[recused]}) is (decider > recused)


def test_the_highest_role_of_a_person_counts() -> None:
    both = {Role.SECTION_DIRECTOR, Role.BRANCH_LEADER}

    assert not may_decide({Role.BRANCH_LEADER}, both)
    assert may_decide({Role.MAIN_LEADER}, both)


def test_ones_own_word_binds_at_once_and_a_visitors_waits_for_its_decision() -> None:
    duty = {Role.COUNTY_DUTY_OFFICER}

    assert origin_of(duty, is_own=True) is Origin.OWN
    assert origin_of(duty, is_own=False) is Origin.VISITOR


def test_a_visitors_word_against_the_main_leader_binds_because_nobody_here_decides_it() -> None:
    assert origin_of({Role.MAIN_LEADER}, is_own=False) is Origin.ABOVE
