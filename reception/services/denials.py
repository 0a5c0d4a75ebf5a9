"""A refusal that leaves a trace: the trace is committed first, then the refusal is raised.

A service that raises has its whole transaction rolled back, which is right for
every refusal but those that must be counted or written down: a failed sign-in,
a copied terminal.  Such a use case returns Denied, and the edge says
`settled(await edge.run(...))`.
"""

from dataclasses import dataclass
from typing import TypeVar

from reception.domain.errors import Refusal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Denied:
    """The use case said no and wrote that down."""

    refusal: Refusal


def settled(result: T | Denied) -> T:
    """Return the result of a committed use case, or raise the refusal that it came to."""
    if isinstance(result, Denied):
        raise result.refusal
    return result


class TooManyAttempts(Refusal):
    """More attempts from one address or for one account than a person makes."""

    code = "too_many_attempts"
