"""Documents say what the code says: states, settings, policy, the API."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reception import reference
from reception.domain.ladder import FIRST
from reception.domain.policy import POLICY, Action
from reception.domain.roles import Role
from reception.domain.visits import ALLOWED
from reception.settings import Settings
from reception.web import openapi
from reception.web.audience import Route
from reception.web.routes import API, ROUTE_TABLE
from scheduling.domain import appointments

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENT = openapi.document(ROUTE_TABLE)


# States


def block(name: str) -> str:
    """Return what stands between `<!-- name -->` and `<!-- /name -->`."""
    source = (DOCS / "architecture.md").read_text()
    found = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", source, re.DOTALL)
    assert found, f"docs/architecture.md has no block {name}"
    return found[1]


def rows(table: str) -> list[tuple[str, ...]]:
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in lines[2:]]


def test_the_table_of_visit_states_is_the_one_of_the_code() -> None:
    expected = [(state, action, after) for state, row in ALLOWED.items() for action, after in row.items()]

    assert rows(block("visit-states")) == expected


def test_the_table_of_appointment_states_is_the_one_of_the_code() -> None:
    steps = [
        (state, step, after) for state, row in appointments.ALLOWED.items() for step, after in row.items()
    ]

    assert rows(block("appointment-states")) == steps


# Generated pages


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text() == reference.PAGES[name](), "run `make docs`"


def test_every_setting_has_its_line(tmp_path: Path) -> None:
    page = reference.settings_page()

    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"| `{name}` | `RECEPTION_{name.upper()}` |" in page
        assert field.description in page


def test_a_page_that_says_something_else_is_out_of_date(tmp_path: Path) -> None:
    assert reference.outdated(tmp_path) == list(reference.PAGES)
    reference.write_pages(tmp_path)
    assert reference.outdated(tmp_path) == []

    page = tmp_path / "settings.md"
    page.write_text(page.read_text().replace("127.0.0.1", "0.0.0.0"))  # noqa: S104

    assert reference.outdated(tmp_path) == ["settings.md"]


def test_the_policy_page_has_every_cell() -> None:
    page = reference.policy_page()
    table = rows(page[page.index("| action") : page.index("## ")])

    assert [row[0] for row in table] == list(Action)
    for row in table:
        granted = POLICY[Action(row[0])]
        assert [cell or None for cell in row[1:]] == [granted.get(role) for role in Role]


def test_the_policy_page_has_every_rung_of_the_ladder() -> None:
    page = reference.policy_page()
    table = rows(page[page.index("| rung") :])

    assert [(row[0], row[1]) for row in table] == [(step.rung, str(step.threshold)) for step in FIRST.steps]


def test_links_between_the_documents_lead_somewhere() -> None:
    links = [
        (path, target)
        for path in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text())
        if "://" not in target
    ]

    broken = [f"{path.name}: {target}" for path, target in links if not (path.parent / target).exists()]

    assert links
    assert broken == []


# The API


@pytest.mark.parametrize("route", API, ids=lambda route: str(route.name))
def test_every_route_of_the_api_is_in_its_document(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]

    assert operation["operationId"] == route.name
    assert operation["summary"]
    expected = ["public"] if route.audience.is_public else sorted(route.audience.roles)
    assert operation["x-audience"] == expected
    in_path = [entry["name"] for entry in operation["parameters"] if entry["in"] == "path"]
    assert in_path == re.findall(r"{(\w+)}", route.path)
    in_header = [entry["name"] for entry in operation["parameters"] if entry["in"] == "header"]
    assert in_header == (["Idempotency-Key"] if route.is_replayed else [])
    assert ("requestBody" in operation) == (route.body is not None)


def test_the_document_knows_no_route_that_is_not_served() -> None:
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}

    assert described == {(route.method, route.path) for route in API}


def test_every_unsafe_route_of_the_api_has_a_typed_body_and_every_route_a_typed_answer() -> None:
    for route in API:
        assert (route.body is not None) == (route.method != "GET"), route.name
        assert route.answer is not None, route.name


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for part in node.values():
            yield from refs(part)
    elif isinstance(node, list):
        for part in node:
            yield from refs(part)


def test_every_reference_resolves() -> None:
    found = set(refs(DOCUMENT))

    assert len(found) > 30
    for ref in found:
        node: Any = DOCUMENT
        for part in ref.removeprefix("#/").split("/"):
            assert part in node, ref
            node = node[part]


def schema_of(ref: str) -> dict[str, Any]:
    schemas: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
    return schemas[ref.rpartition("/")[2]]


def reachable(schema: dict[str, Any], seen: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for ref in refs(schema):
        if ref not in seen:
            seen.add(ref)
            yield ref, schema_of(ref)
            yield from reachable(schema_of(ref), seen)


# What a browser exports beside a key says nothing of the key (RFC 7517), and is ignored.
OPEN_SHAPES = {"PublicKey"}


@pytest.mark.parametrize("route", [route for route in API if route.body], ids=lambda route: str(route.name))
def test_every_body_refuses_what_it_does_not_name_and_bounds_every_text(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]

    for ref, schema in reachable(operation["requestBody"], set()):
        name = ref.rpartition("/")[2]
        if "enum" in schema:
            continue  # a closed list of codes
        assert name in OPEN_SHAPES or schema["additionalProperties"] is False, name
        for field, shape in schema.get("properties", {}).items():
            for kind in shape.get("anyOf", [shape]):
                if kind.get("type") == "string" and kind.get("format") not in ("date", "date-time"):
                    assert kind.get("maxLength"), f"{name}.{field}"
                if kind.get("type") == "array":
                    assert kind.get("maxItems"), f"{name}.{field}"
