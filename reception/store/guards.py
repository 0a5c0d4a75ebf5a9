"""Rules that the database holds by itself, whoever writes: triggers, the same on SQLite and PostgreSQL.

They are the last line against a slip in the program and against direct SQL.
Each refuses with a stable code as its only text (`guard_code` reads it) and as
an integrity error on both databases.  A changed guard needs a new revision.

    append_only        rows of the record are added, never changed or removed
    outcome_required   an answered visit leaves its states only with an outcome row
    outcome_final      a logged visit stays logged
    wrong_state        a step that `domain.visits.ALLOWED` does not know
    owner_required     a visit that owes an outcome has an officer and an owner
    visit_answered     an answered visit can not be deleted or replaced
"""

# ruff: noqa: S608 - statements are put together from constants of the program alone

from sqlalchemy.exc import DBAPIError

from reception.domain.visits import (
    ALLOWED,
    AT_TERMINAL,
    OCCUPIES_OFFICER,
    OWES_OUTCOME,
    PendingReason,
    VisitState,
)

APPEND_ONLY = {  # table: its key
    "audit_event": ("seq",),
    "visit_event": ("visit_id", "seq"),
    "outcome": ("visit_id",),
    "unseal": ("id",),
}
CODES = (
    "append_only",
    "outcome_required",
    "outcome_final",
    "wrong_state",
    "owner_required",
    "visit_answered",
    "rung_unmet",  # of `repeat_guards.py`
)


def guard_code(error: DBAPIError) -> str | None:
    """Return the code of the guard that refused a statement, or None for any other error."""
    message = str(error.orig)
    return next((code for code in CODES if message.endswith(code)), None)


def guard_statements(dialect_name: str) -> list[str]:
    """Return the statements that install every guard, one per list entry."""
    if dialect_name == "sqlite":
        return _sqlite()
    if dialect_name == "postgresql":
        return _postgresql()
    raise ValueError(f"no guards for {dialect_name}")


def drop_statements(dialect_name: str) -> list[str]:
    """Return the statements that remove every guard; the tables still have to exist."""
    if dialect_name == "sqlite":
        names = [statement.split()[2] for statement in _sqlite()]
        return [f"DROP TRIGGER {name}" for name in names]
    return [
        *(f"DROP TRIGGER {trigger} ON {table}" for trigger, table in _postgresql_triggers()),
        "DROP FUNCTION visit_guard()",
        "DROP FUNCTION append_only_guard()",
    ]


def _listed(states: frozenset[VisitState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


_OWES = _listed(OWES_OUTCOME)
_AT_TERMINAL = _listed(AT_TERMINAL)
_OCCUPIES = _listed(OCCUPIES_OFFICER)
_ANSWERED = _listed(OWES_OUTCOME | {VisitState.OUTCOME_LOGGED})
_UNENDED = _listed(frozenset({VisitState.IN_CALL, VisitState.SUSPENDED}))
_STEPS = ", ".join(
    f"'{state}>{after}'" for state, actions in ALLOWED.items() for after in sorted(set(actions.values()))
)


def _sqlite() -> list[str]:
    return [*_sqlite_append_only(), *_sqlite_visit()]


def _sqlite_append_only() -> list[str]:
    statements = []
    for table, key in APPEND_ONLY.items():
        statements += [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
            " BEGIN SELECT RAISE(ABORT, 'append_only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        # INSERT OR REPLACE removes the old row without firing its delete trigger.
        statements.append(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
            " BEGIN SELECT RAISE(ABORT, 'append_only'); END"
        )
    return statements


def _sqlite_visit() -> list[str]:
    def refusal(name: str, event: str, when: str, code: str) -> str:
        return (
            f"CREATE TRIGGER visit_{name} BEFORE {event} ON visit WHEN {when}"
            f" BEGIN SELECT RAISE(ABORT, '{code}'); END"
        )

    changes = "NEW.state <> OLD.state"
    step = f"OLD.state || '>' || NEW.state NOT IN ({_STEPS})"
    no_outcome = "NOT EXISTS (SELECT 1 FROM outcome WHERE visit_id = NEW.id)"
    return [
        refusal(
            "born_logged", "INSERT", f"NEW.state = 'outcome_logged' AND {no_outcome}", "outcome_required"
        ),
        refusal(
            "no_replace",
            "INSERT",
            # Every unique key by which INSERT OR REPLACE could put a new row in the place of an answered one.
            "EXISTS (SELECT 1 FROM visit AS old WHERE (old.id = NEW.id"
            " OR old.visited_on = NEW.visited_on AND old.ticket = NEW.ticket"
            " OR old.place_id = NEW.place_id"
            f" AND old.state IN ({_AT_TERMINAL}) AND NEW.state IN ({_AT_TERMINAL})"
            " OR old.officer_id = NEW.officer_id"
            f" AND old.state IN ({_OCCUPIES}) AND NEW.state IN ({_OCCUPIES}))"
            f" AND (old.answered_at IS NOT NULL OR old.state IN ({_ANSWERED})))",
            "visit_answered",
        ),
        refusal(
            "needs_outcome",
            "UPDATE OF state",
            f"{changes} AND OLD.state IN ({_OWES})"
            f" AND ({step} OR NEW.state = 'outcome_logged' AND {no_outcome})",
            "outcome_required",
        ),
        refusal(
            "stays_logged", "UPDATE OF state", f"{changes} AND OLD.state = 'outcome_logged'", "outcome_final"
        ),
        refusal(
            "follows_table",
            "UPDATE OF state",
            f"{changes} AND OLD.state NOT IN ({_ANSWERED}) AND {step}",
            "wrong_state",
        ),
        refusal(
            "keeps_owner",
            "UPDATE OF state, officer_id, outcome_owner_id",
            f"NEW.state IN ({_OWES}) AND (NEW.officer_id IS NULL OR NEW.outcome_owner_id IS NULL)",
            "owner_required",
        ),
        refusal(
            "keeps_id",
            "UPDATE OF id",
            f"NEW.id <> OLD.id AND (OLD.answered_at IS NOT NULL OR OLD.state IN ({_ANSWERED}))",
            "visit_answered",
        ),
        refusal(
            "no_delete",
            "DELETE",
            f"OLD.answered_at IS NOT NULL OR OLD.state IN ({_ANSWERED})",
            "visit_answered",
        ),
        _SQLITE_ENDED_OUTSIDE,
    ]


# Six digits of a second, as the service writes them.
_SQLITE_ENDED_OUTSIDE = (
    "CREATE TRIGGER visit_ended_outside AFTER UPDATE OF ended_at ON visit"
    f" WHEN OLD.state IN ({_UNENDED}) AND NEW.state = OLD.state"
    " AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL"
    " BEGIN UPDATE visit SET state = 'outcome_pending',"
    f" pending_reason = '{PendingReason.ENDED_OUTSIDE}',"
    " pending_since = strftime('%Y-%m-%d %H:%M:%f', 'now') || '000' WHERE id = NEW.id; END"
)


def _postgresql() -> list[str]:
    return [
        *_POSTGRESQL_FUNCTIONS,
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION append_only_guard()"
            for table in APPEND_ONLY
        ),
        *(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard()"
            for table in (*APPEND_ONLY, "visit")
        ),
        _POSTGRESQL_VISIT_GUARD,
    ]


def _postgresql_triggers() -> list[tuple[str, str]]:
    return [
        *((f"{table}_append_only", table) for table in APPEND_ONLY),
        *((f"{table}_no_truncate", table) for table in (*APPEND_ONLY, "visit")),
        ("visit_guard", "visit"),
    ]


_POSTGRESQL_VISIT_GUARD = (
    "CREATE TRIGGER visit_guard BEFORE INSERT OR UPDATE OR DELETE ON visit"
    " FOR EACH ROW EXECUTE FUNCTION visit_guard()"
)

# 23514 is check_violation: the driver reports an integrity error, as SQLite does.
_POSTGRESQL_FUNCTIONS = (
    """\
CREATE FUNCTION append_only_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append_only' USING ERRCODE = '23514';
END $$""",
    f"""\
CREATE FUNCTION visit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  refusal text := NULL;
  has_outcome boolean;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.answered_at IS NOT NULL OR OLD.state IN ({_ANSWERED}) THEN
      RAISE EXCEPTION 'visit_answered' USING ERRCODE = '23514';
    END IF;
    RETURN OLD;
  END IF;
  has_outcome := NEW.state = 'outcome_logged' AND EXISTS (SELECT 1 FROM outcome WHERE visit_id = NEW.id);
  IF TG_OP = 'INSERT' THEN
    IF NEW.state = 'outcome_logged' AND NOT has_outcome THEN
      RAISE EXCEPTION 'outcome_required' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state IN ({_UNENDED}) AND NEW.state = OLD.state
      AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL THEN
    NEW.state := 'outcome_pending';
    NEW.pending_reason := '{PendingReason.ENDED_OUTSIDE}';
    NEW.pending_since := clock_timestamp();
  END IF;
  IF NEW.id <> OLD.id AND (OLD.answered_at IS NOT NULL OR OLD.state IN ({_ANSWERED})) THEN
    refusal := 'visit_answered';
  ELSIF NEW.state IN ({_OWES}) AND (NEW.officer_id IS NULL OR NEW.outcome_owner_id IS NULL) THEN
    refusal := 'owner_required';
  ELSIF NEW.state <> OLD.state THEN
    IF OLD.state = 'outcome_logged' THEN
      refusal := 'outcome_final';
    ELSIF OLD.state IN ({_OWES}) THEN
      IF OLD.state || '>' || NEW.state NOT IN ({_STEPS})
          OR NEW.state = 'outcome_logged' AND NOT has_outcome THEN
        refusal := 'outcome_required';
      END IF;
    ELSIF OLD.state || '>' || NEW.state NOT IN ({_STEPS}) THEN
      refusal := 'wrong_state';
    END IF;
  END IF;
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION '%', refusal USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$""",
)
