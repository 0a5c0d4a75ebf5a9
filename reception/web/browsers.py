"""A browser's family in a few words, for a person's own list of sessions; never a fingerprint."""

_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chromium"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def family_of(user_agent: str) -> str:
    """Return e.g. `Chromium · Linux`; a dash for what is not known."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "—")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "—")
    return f"{browser} · {system}"
