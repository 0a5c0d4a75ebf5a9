"""The rule of repeat visits that the database holds by itself, the same on SQLite and PostgreSQL.

    rung_unmet    a visit on a rung of the ladder is closed only with how what it asks for was met

As in `guards.py`, the code is the only text of the refusal; a changed guard needs a new revision.
"""

_UNMET = (
    "NEW.state = 'outcome_logged' AND OLD.state <> 'outcome_logged' AND EXISTS ("
    "SELECT 1 FROM repeat_link WHERE repeat_link.visit_id = NEW.id AND repeat_link.state = 'confirmed'"
    " AND repeat_link.rung IS NOT NULL AND repeat_link.met IS NULL)"
)

_TRIGGER = "CREATE TRIGGER visit_rung_unmet BEFORE UPDATE OF state ON visit"
_SQLITE = (f"{_TRIGGER} WHEN {_UNMET} BEGIN SELECT RAISE(ABORT, 'rung_unmet'); END",)

# 23514 is check_violation: the driver reports an integrity error, as SQLite does.
_POSTGRESQL = (
    f"""\
CREATE FUNCTION rung_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {_UNMET} THEN
    RAISE EXCEPTION 'rung_unmet' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$""",
    f"{_TRIGGER} FOR EACH ROW EXECUTE FUNCTION rung_guard()",
)


def repeat_guard_statements(dialect_name: str) -> tuple[str, ...]:
    """Return the statements that install the guard."""
    return _POSTGRESQL if dialect_name == "postgresql" else _SQLITE


def drop_repeat_guard_statements(dialect_name: str) -> tuple[str, ...]:
    """Return the statements that remove it; the tables still have to exist."""
    if dialect_name == "postgresql":
        return ("DROP TRIGGER visit_rung_unmet ON visit", "DROP FUNCTION rung_guard()")
    return ("DROP TRIGGER visit_rung_unmet",)
