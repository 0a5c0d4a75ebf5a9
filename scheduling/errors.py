"""How a rule of scheduling says no: classes with a stable code, never a sentence."""


class SchedulingRefusal(Exception):
    """A rule said no.  `code` is stable; the words for it live in the catalogues of whoever shows it."""

    code: str = "refused"
