"""Was anything booked twice?  A history of bookings and the database at its end, checked by nobody's word.

The oracle computes what an appointment takes from its own fields and from what clients were told and
when; it never reads the claims to find out what is claimed.

    B1  two appointments that hold room, person or case at one quarter of an hour at one moment
    B2  two appointments in the database that take the same quarter
    B3  somebody was told `taken` while nobody could have had any of it
    B4  the claims in the database are not those that its appointments need
    B5  a booking that was acknowledged is not in the database as it was acknowledged
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Quarter = tuple[str, str]  # resource, beginning
Result = Literal["ok", "taken", "gone", "busy"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One attempt of one client.

    Attributes:
        op: `book` takes `wants` anew, `move` gives up what the appointment had for `wants`,
            `cancel` gives up all of it.
        asked: when it was asked, by a clock that all processes share.
        told: when the answer was there.
        result: `taken`: somebody else has it; `gone`: the appointment was not there any more;
            `busy`: nothing was done, and nothing is said of why.
        lapsed: a hold that had run out when it was made: it keeps nobody away.
    """

    op: Literal["book", "move", "cancel"]
    appointment: str
    wants: tuple[Quarter, ...]
    asked: int
    told: int
    result: Result
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Tenure:
    """From when to when an appointment had a quarter: surely, and at the widest possibly."""

    appointment: str
    surely: tuple[int, int]
    possibly: tuple[int, int]


FOREVER = 2**63


def violations(
    history: Sequence[Deed],
    active: Mapping[str, frozenset[Quarter]],
    lapsed: Mapping[str, frozenset[Quarter]],
    claims: Iterable[tuple[str, Quarter]],
) -> list[str]:
    """Return everything that is wrong.

    Args:
        active: what the appointments in the database take, those that keep others away.
        lapsed: the same of holds that have run out and may have given way.
        claims: appointment and quarter of every claim in the database.
    """
    tenures = _tenures(history)
    return [
        *_doubles(tenures),
        *_doubles_at_the_end(active),
        *_wrongly_refused(history, tenures),
        *_wrong_claims(active, lapsed, claims),
        *_forgotten(history, active),
    ]


def _tenures(history: Sequence[Deed]) -> dict[Quarter, list[Tenure]]:
    """Work out who had what when; an appointment is changed by one client at a time."""
    deeds: dict[str, list[Deed]] = defaultdict(list)
    for deed in sorted(history, key=lambda deed: deed.asked):
        if deed.result == "ok":
            deeds[deed.appointment].append(deed)
    tenures: dict[Quarter, list[Tenure]] = defaultdict(list)
    for appointment, own in deeds.items():
        for quarter, tenure in _of_one(appointment, own):
            tenures[quarter].append(tenure)
    return tenures


def _of_one(appointment: str, deeds: Sequence[Deed]) -> Iterator[tuple[Quarter, Tenure]]:
    """Yield the tenures of one appointment; a lapsed hold has nothing surely."""
    held: dict[Quarter, Deed] = {}
    for deed in deeds:
        wants = set(deed.wants)
        for quarter in held.keys() - wants:
            since = held.pop(quarter)
            yield quarter, _tenure(appointment, since, deed.asked, deed.told)
        for quarter in wants - held.keys():
            held[quarter] = deed
    for quarter, since in held.items():
        yield quarter, _tenure(appointment, since, FOREVER, FOREVER)


def _tenure(appointment: str, since: Deed, asked_back: int, given_back: int) -> Tenure:
    surely = (since.told, since.told if since.lapsed else asked_back)
    return Tenure(appointment, surely, (since.asked, given_back))


def _doubles(tenures: Mapping[Quarter, list[Tenure]]) -> Iterator[str]:
    for quarter, own in tenures.items():
        last: Tenure | None = None
        for tenure in sorted(own, key=lambda tenure: tenure.surely):
            if tenure.surely[0] >= tenure.surely[1]:
                continue
            if last is not None and tenure.surely[0] < last.surely[1]:
                yield f"B1 {quarter}: {last.appointment} and {tenure.appointment} at once"
            if last is None or tenure.surely[1] > last.surely[1]:
                last = tenure


def _doubles_at_the_end(active: Mapping[str, frozenset[Quarter]]) -> Iterator[str]:
    holders: dict[Quarter, str] = {}
    for appointment, quarters in active.items():
        for quarter in quarters:
            other = holders.setdefault(quarter, appointment)
            if other != appointment:
                yield f"B2 {quarter}: {other} and {appointment}"


def _wrongly_refused(history: Sequence[Deed], tenures: Mapping[Quarter, list[Tenure]]) -> Iterator[str]:
    for deed in history:
        if deed.result == "taken" and not any(
            tenure.appointment != deed.appointment
            and tenure.possibly[0] < deed.told
            and deed.asked < tenure.possibly[1]
            for quarter in deed.wants
            for tenure in tenures.get(quarter, ())
        ):
            yield f"B3 {deed.appointment}: refused, and nobody had any of it"


def _wrong_claims(
    active: Mapping[str, frozenset[Quarter]],
    lapsed: Mapping[str, frozenset[Quarter]],
    claims: Iterable[tuple[str, Quarter]],
) -> Iterator[str]:
    found: dict[str, set[Quarter]] = defaultdict(set)
    for appointment, quarter in claims:
        found[appointment].add(quarter)
    for appointment, quarters in active.items():
        if found.pop(appointment, set()) != quarters:
            yield f"B4 {appointment}: claims differ from what it needs"
    for appointment, claimed in found.items():
        if frozenset(claimed) != lapsed.get(appointment):
            yield f"B4 {appointment}: claims of nothing that stands"


def _forgotten(history: Sequence[Deed], active: Mapping[str, frozenset[Quarter]]) -> Iterator[str]:
    last: dict[str, Deed] = {}
    for deed in sorted(history, key=lambda deed: deed.asked):
        if deed.result == "ok":
            last[deed.appointment] = deed
    for appointment, deed in last.items():
        if not deed.lapsed and active.get(appointment, frozenset()) != frozenset(deed.wants):
            yield f"B5 {appointment}: told {deed.op} ok, the database says otherwise"
