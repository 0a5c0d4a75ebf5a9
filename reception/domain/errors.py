"""How a rule says no: classes with a stable code, never a sentence."""

from collections.abc import Mapping


class Refusal(Exception):
    """A rule said no.  `code` is stable; the words for it live in the catalogues."""

    code: str = "refused"


class NotAllowed(Refusal):
    """The actor may not do this here."""

    code = "not_allowed"


class NotFound(Refusal):
    """No such thing, or none that this actor may know of: the two look the same on purpose."""

    code = "not_found"


class BadInput(Refusal):
    """Fields of a form or body that do not hold, all at once.

    Args:
        fields: field path (`matters.0.summary`) to code (`required`).
    """

    code = "bad_input"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(",".join(sorted(fields)))
        self.fields = dict(fields)
