"""Rosters for tests: a post with people, and the deeds that change it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from reception.domain.actors import Officer
from reception.domain.ids import PersonId
from reception.domain.roles import Role
from reception.services import roster_plans, roster_requests, rosters
from reception.services.rosters import Candidate
from reception.services.work import Work
from reception.store.tables import UnitRow
from scheduling.domain.roster import Post, Span
from scheduling.domain.rotation import Handover
from tests.support.factories import NOW, County

HORIZON = timedelta(days=60)
MONDAY = date(2026, 3, 2)  # the day of NOW
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"


def at(day: int, hour: float) -> datetime:
    """Return an office hour, days after the Monday of the clock."""
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day, hours=hour - 8)


@dataclass(slots=True)
class Rota:
    """The liaisons of the land bureau, and the office that keeps their roster."""

    county: County
    office: Officer
    post: Post
    liaisons: list[Officer] = field(default_factory=list)

    @classmethod
    async def made(cls, county: County, people: int = 2) -> Self:
        """Make the bureau with some liaisons; there is no roster yet."""
        unit = UnitRow(id="unit-land", kind="department", name="自然资源局", position=9)

        async def add(work: Work) -> None:
            work.session.add(unit)

        await county.edge.run(add)
        made = cls(
            county,
            await county.officer(Role.PETITION_OFFICE),
            Post(Role.DEPARTMENT_LIAISON, "unit-land"),
        )
        for _ in range(people):
            made.liaisons.append(await county.officer(Role.DEPARTMENT_LIAISON, unit="unit-land"))
        return made

    async def rotates(self, *members: Officer, rule: str = WEEKDAYS, working_days_only: bool = True) -> str:
        """Have people take turns, every day another, 08:30 to 17:30; all liaisons by default."""
        new = roster_plans.NewRotation(
            post=self.post,
            members=tuple(member.person for member in members or self.liaisons),
            rule=rule,
            opens=time(8, 30),
            closes=time(17, 30),
            starts_on=MONDAY,
            handover=Handover.DAILY,
            working_days_only=working_days_only,
        )
        return await self.county.edge.run(
            lambda work: roster_plans.add_rotation(work, self.office, new, horizon=HORIZON)
        )

    async def changes_members(self, rotation: str, *members: Officer) -> None:
        """Give the rotation other members."""
        people = [member.person for member in members]
        await self.county.edge.run(
            lambda work: roster_plans.change_rotation(
                work, self.office, rotation, people, ends_on=None, horizon=HORIZON
            )
        )

    async def overrides(
        self, person: Officer, span: Span, *, by: Officer | None = None, instead_of: Officer | None = None
    ) -> str:
        """Put somebody on the post."""
        replaced = instead_of.person if instead_of else None
        return await self.county.edge.run(
            lambda work: roster_plans.add_override(
                work, by or self.office, self.post, person.person, span, instead_of=replaced
            )
        )

    async def asks(
        self, asker: Officer, start: datetime, *, of: Officer | None = None, back: datetime | None = None
    ) -> str:
        """Offer a shift to a colleague, or to all of them."""
        taker = of.person if of else None
        return await self.county.edge.run(
            lambda work: roster_requests.ask_swap(
                work, asker, self.post, start, taker=taker, back_starts_at=back
            )
        )

    async def accepts(self, person: Officer, swap: str) -> None:
        """Take an offered shift."""
        await self.county.edge.run(lambda work: roster_requests.accept_swap(work, person, swap))

    async def is_away(self, person: Officer, span: Span, *, by: Officer | None = None) -> str:
        """Write down leave; the office's word counts at once."""
        actor = by or self.office
        leave, _ = await self.county.edge.run(
            lambda work: roster_requests.ask_leave(work, actor, person.person, span, "leave")
        )
        return leave

    async def deputises(self, deputy: Officer, person: Officer) -> str:
        """Name a deputy until further notice."""
        return await self.county.edge.run(
            lambda work: roster_plans.add_acting(
                work, self.office, person.person, deputy.person, NOW - timedelta(days=1), None
            )
        )

    async def who(
        self, moment: datetime | None = None, *, present: frozenset[PersonId] = frozenset()
    ) -> list[Candidate]:
        """Ask who is on the post."""
        return await self.county.edge.read(
            lambda work: rosters.who_now(
                work, Role.DEPARTMENT_LIAISON, self.post.unit, present=present, at=moment
            )
        )

    async def people(self, moment: datetime | None = None) -> list[tuple[str, str, str | None]]:
        """Return name, reason and whom they stand in for."""
        return [(one.name, one.why, one.instead_of) for one in await self.who(moment)]
