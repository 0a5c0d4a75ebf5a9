"""Roles of staff and terminals, and which of them one natural person may not hold together."""

from collections.abc import Collection
from enum import StrEnum

from reception.domain.errors import Refusal


class Role(StrEnum):
    TOWNSHIP_OFFICER = "township_officer"  # 乡镇（街道）纪检监察干部
    COUNTY_DUTY_OFFICER = "county_duty_officer"  # 县纪委监委值班接访员
    PETITION_OFFICE = "petition_office"  # 信访室
    SECTION_DIRECTOR = "section_director"  # 承办科室主任
    BRANCH_LEADER = "branch_leader"  # 分管领导
    MAIN_LEADER = "main_leader"  # 主要领导
    DEPARTMENT_LIAISON = "department_liaison"  # 职能部门联络员
    SYS_ADMIN = "sys_admin"  # 系统管理员
    SECURITY_ADMIN = "security_admin"  # 安全保密管理员
    AUDIT_ADMIN = "audit_admin"  # 安全审计员
    TERMINAL = "terminal"  # a township room's device; no person holds it
    GUEST = "guest"  # who came by a one-time link; nobody with an account holds it


class RoleMix(Refusal):
    """These roles do not go together in one person."""

    code = "role_mix"


COUNTY = frozenset(
    {
        Role.COUNTY_DUTY_OFFICER,
        Role.PETITION_OFFICE,
        Role.SECTION_DIRECTOR,
        Role.BRANCH_LEADER,
        Role.MAIN_LEADER,
    }
)
ADMINS = frozenset({Role.SYS_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
# Not granted to anybody: a device and a link bring them along.
UNGRANTED = frozenset({Role.TERMINAL, Role.GUEST})

# 三员分立: each administrator is another person and holds no business role.  Township and department
# staff stand outside the county organ: with a county role they would see what is hidden from them.
_ALONE = ADMINS | {Role.TOWNSHIP_OFFICER, Role.DEPARTMENT_LIAISON}


def refuse_role_mix(roles: Collection[Role]) -> None:
    """Raise RoleMix unless one person may hold all of `roles` at once."""
    held = set(roles)
    if held & UNGRANTED or (held & _ALONE and len(held) > 1):
        raise RoleMix
