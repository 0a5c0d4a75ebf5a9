"""Pages of `docs/` that are written from the code itself, so that they can not say anything else."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic.fields import FieldInfo

from reception.domain.ladder import FIRST
from reception.domain.policy import POLICY, Action, Scope
from reception.domain.roles import Role
from reception.settings import Settings

FOLDER = Path(__file__).parent.parent / "docs"
_WRITTEN = "Written by `make docs`; a test compares it with the code.\n"

_SOURCES = (
    "Values come from `reception.toml` in the working directory; a `RECEPTION_*` variable of the environment"
    " wins over the file. A name that is not in this table keeps the program from starting."
)
_ANSWER = (
    "`reception/domain/policy.py` is the table and `reception/domain/access.py` the one answer that"
    " handlers, sockets and templates ask for. An empty cell is denied."
)

_LADDER = (
    "Version 1 of the ladder of repeat visits (`reception/domain/ladder.py`), in force until a county adopts"
    " another one from a later day (`ladder_rung`); a visit keeps the version of its own day. It holds for"
    " visits on an assigned case, this visit counted."
)

_SCOPES: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.ANY: "everything in the county",
        Scope.PART: "what the actor takes part in",
        Scope.UNIT: "visits of the own unit, except those that went to the county directly",
        Scope.OWN: "only what is shown to be the actor's own",
    }
)


def settings_page() -> str:
    """Describe every setting: name, default, meaning."""
    prefix = Settings.model_config["env_prefix"]
    rows = [
        f"| `{name}` | `{prefix}{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            _WRITTEN,
            _SOURCES,
            "",
            "| setting | variable | default | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _default(field: FieldInfo) -> str:
    value = field.get_default()
    if value is None or value in ("", ()):
        return "empty"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`"


def policy_page() -> str:
    """Print who may do what; a cell that is empty is denied."""
    head = " | ".join(f"`{role}`" for role in Role)
    rows = [f"| `{action}` | {' | '.join(_cell(action, role) for role in Role)} |" for action in Action]
    return "\n".join(
        [
            "# Who may do what",
            "",
            _WRITTEN,
            _ANSWER,
            "",
            *(f"- `{scope}`: {meaning}" for scope, meaning in _SCOPES.items()),
            "",
            f"| action | {head} |",
            f"|---|{'---|' * len(Role)}",
            *rows,
            "",
            *_ladder(),
            "",
        ]
    )


def _ladder() -> list[str]:
    """Print from which visit on who has to take part, as the product ships it."""
    return [
        "## What a further visit asks for",
        "",
        _LADDER,
        "",
        "| rung | from the visit | takes part in the call | heard by the main leader in | order at most |",
        "|---|---|---|---|---|",
        *(
            f"| `{step.rung}` | {step.threshold} | {', '.join(f'`{role}`' for role in step.roles)}"
            f" | {_days(step.hearing_days)} | {_days(step.order_days)} |"
            for step in FIRST.steps
        ),
    ]


def _days(length: int | None) -> str:
    return "" if length is None else f"{length} days"


def _cell(action: Action, role: Role) -> str:
    scope = POLICY[action].get(role)
    return f"`{scope}`" if scope else ""


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"settings.md": settings_page, "policy.md": policy_page}
)


def outdated(folder: Path = FOLDER) -> list[str]:
    """Name the pages that do not say what the code says."""
    return [
        name
        for name, write in PAGES.items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != write()
    ]


def write_pages(folder: Path = FOLDER) -> None:
    """Write every page."""
    for name, write in PAGES.items():
        (folder / name).write_text(write(), encoding="utf-8")
