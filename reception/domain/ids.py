"""Identifiers: opaque, 128 bits, never a credential."""

import secrets
from typing import NewType

VisitId = NewType("VisitId", str)
CaseId = NewType("CaseId", str)
PersonId = NewType("PersonId", str)
DeviceId = NewType("DeviceId", str)
PlaceId = NewType("PlaceId", str)  # a township room
GuestId = NewType("GuestId", str)  # a one-time link, and who came by it


def new_id() -> str:
    """Return 22 URL-safe characters from 128 random bits; knowing one tells nothing of another."""
    return secrets.token_urlsafe(16)
