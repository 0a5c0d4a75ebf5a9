"""Every table of the service in one place: whoever needs all of them imports this, not the base."""

from sqlalchemy import MetaData

from reception.store import (
    bringing_tables,
    conflict_tables,
    line_tables,
    reminder_tables,
    repeat_tables,
    tables,
)
from scheduling.store import appointment_tables, calendar_tables, roster_tables
from scheduling.store.base import Base

# Importing a module registers its tables; naming it here says which there are.
MODULES = (
    tables,
    line_tables,
    reminder_tables,
    calendar_tables,
    roster_tables,
    appointment_tables,
    bringing_tables,
    repeat_tables,
    conflict_tables,
)
METADATA: MetaData = Base.metadata
