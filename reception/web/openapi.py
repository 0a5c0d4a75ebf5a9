"""The OpenAPI document, built from the table of routes and the typed bodies: it can not drift."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from reception.keys import ROUTES
from reception.web.audience import Route

_REF = "#/components/schemas/{name}"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "Stable code of the refusal."},
                "message": {"type": "string", "description": "The same in words of the request's language."},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    },
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Describe every route under `/api/v1/`."""
    api = [route for route in routes if route.path.startswith("/api/v1/")]
    types = {kind for route in api for kind in (route.body, route.answer) if kind is not None}
    _, components = msgspec.json.schema_components(
        sorted(types, key=lambda kind: kind.__name__), ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in api:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Reception", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": _ERROR},
            "securitySchemes": {
                "officer": {"type": "apiKey", "in": "cookie", "name": "reception_session"},
                "terminal": {"type": "http", "scheme": "Terminal"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    summary = (route.handler.__doc__ or "").strip().splitlines()[0]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": re.sub(r"^`[^`]*`[:.]? ?", "", summary) or route.name,
        "x-audience": ["public"] if route.audience.is_public else sorted(route.audience.roles),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", route.path)
        ],
        "responses": {
            "2XX": {"description": "Done.", "content": _content(route.answer)},
            "default": {
                "description": "Refused.",
                "content": {"application/json": {"schema": {"$ref": _REF.format(name="Error")}}},
            },
        },
    }
    if route.is_replayed:
        operation["parameters"].append(
            {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}
        )
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    return operation


def _content(kind: type | None) -> dict[str, Any]:
    if kind is None:
        return {}
    return {"application/json": {"schema": {"$ref": _REF.format(name=kind.__name__)}}}


async def show(request: web.Request) -> web.StreamResponse:
    """`GET /api/openapi.json`."""
    return web.json_response(document(request.app[ROUTES].values()))
