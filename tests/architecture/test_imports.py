"""Who may import whom, and that every module can be imported by itself."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("reception", "scheduling", "signaling")
# Alembic alone runs this one, with a connection at hand.
NOT_FOR_IMPORT = {"reception.store.migrations.env"}

# One process loads what others wrote, then forks for each module: the child has none of ours loaded yet.
ALONE = """
import importlib, os, sys, warnings
for name in sys.argv[1].split(","):
    importlib.import_module(name)
warnings.simplefilter("error")
failed = []
for module in sys.argv[2].split(","):
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(module)
        except BaseException as error:
            print(f"{module}: {type(error).__name__}: {error}", flush=True)
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(module)
sys.exit(bool(failed))
"""
LOADED_FIRST = (
    "aiohttp.test_utils",
    "aiohttp.web",
    "aioice",
    "aiortc",
    "aiosqlite",
    "alembic.command",
    "alembic.config",
    "argon2",
    "asyncpg",
    "babel.messages.pofile",
    "chinese_calendar",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.ciphers.aead",
    "dateutil.relativedelta",
    "dateutil.rrule",
    "holidays",
    "icalendar",
    "jinja2",
    "limits.strategies",
    "msgspec",
    "pydantic_settings",
    "pyotp",
    "pypinyin",
    "rapidfuzz.distance",
    "rapidfuzz.fuzz",
    "rfc8785",
    "segno",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.ext.asyncio",
    "uvloop",
)


def modules() -> list[str]:
    """Name every module of the three packages."""
    found = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return sorted(set(found) - NOT_FOR_IMPORT)


def alone(names: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ALONE, ",".join(LOADED_FIRST), ",".join(names)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_every_module_imports_alone_without_a_warning() -> None:
    result = alone(modules())

    assert result.returncode == 0, result.stdout + result.stderr


def test_a_module_that_does_not_import_alone_would_be_seen() -> None:
    result = alone(["reception.nothing"])

    assert result.returncode == 1
    assert "ModuleNotFoundError" in result.stdout


def test_the_import_contracts_hold() -> None:
    # A process of its own: the linter configures logging, and silences every logger that exists.
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports_command as run; run()",
    ]

    result = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_contracts_name_every_pure_module_and_both_lower_packages() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in settings["contracts"]}

    lower = contracts["the lower packages never import reception"]
    pure = contracts["rules do no input or output"]

    assert set(settings["root_packages"]) == set(PACKAGES)
    assert set(lower["source_modules"]) == {"scheduling", "signaling"}
    assert {f"{package}.domain" for package in PACKAGES if (ROOT / package / "domain").exists()} <= set(
        pure["source_modules"]
    )
    assert {"aiohttp", "sqlalchemy", "asyncio", "logging"} <= set(pure["forbidden_modules"])


def test_no_fourth_package_stands_beside_the_three() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages == {*PACKAGES, "tests"}
