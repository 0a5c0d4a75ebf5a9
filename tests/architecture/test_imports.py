"""Who may import whom, and that every module can be imported whatever was imported before."""

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("reception", "scheduling", "signaling")
# Alembic alone runs this one, with a connection at hand.
NOT_FOR_IMPORT = {"reception.store.migrations.env"}


# What others wrote may warn; ours may not.
IMPORT_ALL = """
import importlib, sys, warnings
warnings.filterwarnings("error", module=r"(reception|scheduling|signaling)(\\.|$)")
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def modules() -> list[str]:
    """Name every module of the three packages."""
    found = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return sorted(set(found) - NOT_FOR_IMPORT)


def at_load(details: grimp.DetailedImport) -> bool:
    """Say whether an import stands at a module's top, not in a function that runs later."""
    path = ROOT.joinpath(*details["importer"].split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return not source.read_text().splitlines()[details["line_number"] - 1].startswith(" ")


def circle_in(imports: Mapping[str, Iterable[str]]) -> list[str]:
    """Return modules that import each other in a circle, or nothing."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_module_imports_without_a_warning() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *modules()], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr


def test_no_import_depends_on_the_order_of_others() -> None:
    """Without a circle every module imports by itself, whichever comes first."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    imports = {
        name: [
            other
            for other in graph.find_modules_directly_imported_by(name)
            if any(map(at_load, graph.get_import_details(importer=name, imported=other)))
        ]
        for name in graph.modules
    }

    missing = set(modules()) - set(imports)
    assert {name for name in missing if ".migrations.versions." not in name} == set()
    assert circle_in(imports) == []


def test_a_circle_would_be_seen() -> None:
    assert set(circle_in({"a": ["b"], "b": ["c"], "c": ["a"]})) == {"a", "b", "c"}


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
