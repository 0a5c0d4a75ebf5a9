"""The registration form of a visit: what it holds, and whether it holds.  No IO.

Source: 信访工作条例 art. 20 (a joint visit sends at most five representatives); domain paper 3.1.
"""

from dataclasses import dataclass

from reception.domain import identity
from reception.domain.errors import BadInput

MAX_REPRESENTATIVES = 5
MAX_MATTERS = 10
SUMMARY_LIMIT = 2000
ADDRESS_LIMIT = 200
MATTER_KINDS = ("report", "suggestion", "grievance", "other")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Identity fields as entered; empty strings for what was not given."""

    name: str
    id_number: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """One issue: its kind and what it is about."""

    kind: str
    summary: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A visit as the township officer registers it.

    Attributes:
        visitor: None for an anonymous visit.
        head_count: persons who came, the visitor included; 1 for a single visitor.
        representatives: of a group, beside the visitor; at most five with the visitor.
        is_direct: 直接向县里反映: the county receives alone.
    """

    visitor: Visitor | None
    head_count: int
    representatives: tuple[Visitor, ...]
    matters: tuple[Matter, ...]
    is_direct: bool


def checked(form: Registration) -> Registration:
    """Return the form with normalised values, or raise BadInput with every fault."""
    faults: dict[str, str] = {}
    visitor = form.visitor and _checked_person(form.visitor, "visitor", faults, needs_contact=True)
    representatives = tuple(
        _checked_person(person, f"group.representatives.{index}", faults, needs_contact=False)
        for index, person in enumerate(form.representatives)
    )
    _check_group(form, faults)
    if not form.matters:
        faults["matters"] = "required"
    if len(form.matters) > MAX_MATTERS:
        faults["matters"] = "too_many"
    for index, matter in enumerate(form.matters):
        _check_matter(matter, f"matters.{index}", faults)
    if faults:
        raise BadInput(faults)
    return Registration(visitor, form.head_count, representatives, form.matters, form.is_direct)


def _check_group(form: Registration, faults: dict[str, str]) -> None:
    named = len(form.representatives) + (form.visitor is not None)
    if not 1 <= form.head_count <= 999:
        faults["group.head_count"] = "out_of_range"
    elif form.head_count < named:
        faults["group.head_count"] = "fewer_than_named"
    if named > MAX_REPRESENTATIVES:
        faults["group.representatives"] = "too_many_representatives"
    if form.visitor is None and form.representatives:
        faults["group.representatives"] = "anonymous_group_is_unnamed"


def _check_matter(matter: Matter, path: str, faults: dict[str, str]) -> None:
    if matter.kind not in MATTER_KINDS:
        faults[f"{path}.kind"] = "required"
    if not matter.summary.strip():
        faults[f"{path}.summary"] = "required"
    elif len(matter.summary) > SUMMARY_LIMIT:
        faults[f"{path}.summary"] = "too_long"


def _checked_person(person: Visitor, path: str, faults: dict[str, str], *, needs_contact: bool) -> Visitor:
    """Normalise one person's fields and collect what does not hold."""
    try:
        name = identity.normal_name(person.name)
    except identity.BadIdentity as fault:
        faults[f"{path}.name"], name = fault.code, ""
    id_number = phone = ""
    try:
        id_number = identity.normal_id_number(person.id_number) if person.id_number.strip() else ""
    except identity.BadIdentity as fault:
        faults[f"{path}.id_number"] = fault.code
    try:
        phone = identity.normal_phone(person.phone) if person.phone.strip() else ""
    except identity.BadIdentity as fault:
        faults[f"{path}.phone"] = fault.code
    if needs_contact and not person.id_number.strip():
        faults[f"{path}.id_number"] = "required"
    if len(person.address) > 200:
        faults[f"{path}.address"] = "too_long"
    return Visitor(name, id_number, phone, person.address.strip())
