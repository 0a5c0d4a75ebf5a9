"""Writes the browser's view of the protocol, types and limits, from messages.py.

`python -m signaling.schema --write` renews static/js/signaling/messages.js; without the flag the
command fails when the file is not current.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec.inspect as shape
from msgspec import NODEFAULT, Struct

from signaling.messages import (
    CLIENT_MESSAGES,
    MAX_FRAME_BYTES,
    PROTOCOL_VERSION,
    SERVER_MESSAGES,
    CloseCode,
)

TARGET: Final = Path(__file__).parent.parent / "static" / "js" / "signaling" / "messages.js"

_HEAD: Final = """\
/**
 * The signalling protocol as the browser sees it: types for the checker, limits for shape.js.
 * Generated from signaling/messages.py by `python -m signaling.schema --write`; do not edit.
 * docs/protocol.md says what the messages mean.
 */
"""

_FIELD_TYPES: Final = """\
/**
 * @typedef {object} Field what a field may hold
 * @property {"string" | "integer" | "number" | "boolean" | "list" | "record" | "moment"} kind
 * @property {boolean} [optional] may be absent
 * @property {boolean} [nullable]
 * @property {readonly (string | boolean)[]} [only] the closed set of values
 * @property {number} [least] smallest number, or shortest length in code points or items
 * @property {number} [most] largest number, or longest length in code points or items
 * @property {string} [pattern]
 * @property {Field} [items] of a list
 * @property {Fields} [fields] of a record
 *
 * @typedef {{ readonly [name: string]: Field }} Fields
 */
"""


def render() -> str:
    """The whole file."""
    described = _described([*CLIENT_MESSAGES, *SERVER_MESSAGES])
    parts = [_HEAD]
    parts += [_typedef(struct) for struct in described.values()]
    parts.append(_union("ClientMessage", CLIENT_MESSAGES))
    parts.append(_union("ServerMessage", SERVER_MESSAGES))
    parts.append(_FIELD_TYPES)
    parts.append(f"export const PROTOCOL_VERSION = {PROTOCOL_VERSION};\n")
    parts.append(f"export const MAX_FRAME_BYTES = {MAX_FRAME_BYTES};\n")
    parts.append(_close_codes())
    parts.append(_table("CLIENT_FIELDS", CLIENT_MESSAGES))
    parts.append(_table("SERVER_FIELDS", SERVER_MESSAGES))
    return "\n".join(parts)


def _described(structs: Iterable[type[Struct]]) -> dict[str, shape.StructType]:
    """The messages and the records inside them, records first."""
    found: dict[str, shape.StructType] = {}
    for kind in _struct_types(structs):
        for field in kind.fields:
            inner = _plain(field.type)
            if isinstance(inner, shape.VarTupleType) and isinstance(inner.item_type, shape.StructType):
                found.setdefault(inner.item_type.cls.__name__, inner.item_type)
        found[kind.cls.__name__] = kind
    return found


def _struct_types(structs: Iterable[type[Struct]]) -> list[shape.StructType]:
    return [kind for kind in shape.multi_type_info(list(structs)) if isinstance(kind, shape.StructType)]


def _typedef(struct: shape.StructType) -> str:
    lines = ["/**", f" * {_summary(struct.cls)}", " *", f" * @typedef {{object}} {struct.cls.__name__}"]
    if struct.tag is not None:
        lines.append(f" * @property {{{json.dumps(struct.tag)}}} type")
    for field in struct.fields:
        name = f"[{field.name}]" if _is_optional(field) else field.name
        note = _limits(_plain(field.type))
        lines.append(f" * @property {{{_js_type(field.type)}}} {name}{' ' + note if note else ''}")
    return "\n".join([*lines, " */", ""])


def _summary(cls: type) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]


def _plain(kind: shape.Type) -> shape.Type:
    """The type without `null`, `UNSET` and annotations."""
    if isinstance(kind, shape.Metadata):
        return _plain(kind.type)
    if isinstance(kind, shape.UnionType):
        rest = [_plain(t) for t in kind.types if not isinstance(t, shape.NoneType)]
        if all(isinstance(t, shape.LiteralType) for t in rest):
            return shape.LiteralType(
                tuple(v for t in rest if isinstance(t, shape.LiteralType) for v in t.values)
            )
        (only,) = rest
        return only
    return kind


def _is_optional(field: shape.Field) -> bool:
    """Absent on the wire when it was not set; a field with a default value is always written."""
    return not field.required and field.default is NODEFAULT


def _is_nullable(kind: shape.Type) -> bool:
    return isinstance(kind, shape.UnionType) and any(isinstance(t, shape.NoneType) for t in kind.types)


def _js_type(kind: shape.Type) -> str:
    plain = _plain(kind)
    match plain:
        case shape.LiteralType():
            written = " | ".join(json.dumps(value) for value in plain.values)
        case shape.VarTupleType():
            item = _js_type(plain.item_type)
            written = f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"
        case shape.StructType():
            written = plain.cls.__name__
        case shape.IntType() | shape.FloatType():
            written = "number"
        case shape.BoolType():
            written = "boolean"
        case _:
            written = "string"
    return f"{written} | null" if _is_nullable(kind) else written


def _limits(kind: shape.Type) -> str:
    match kind:
        case shape.StrType(max_length=int(most)):
            return f"at most {most} code points"
        case shape.VarTupleType(max_length=int(most)):
            return f"at most {most}"
        case shape.IntType(ge=int(least), le=int(most)) | shape.FloatType(ge=least, le=most):
            return f"{least} to {most}"
        case shape.DateTimeType():
            return "RFC 3339 with offset"
        case _:
            return ""


def _field(kind: shape.Type, *, optional: bool = False) -> dict[str, object]:
    """One field as shape.js checks it; see the typedef `Field`."""
    plain = _plain(kind)
    match plain:
        case shape.LiteralType():
            of = "boolean" if isinstance(plain.values[0], bool) else "string"
            field: dict[str, object] = {"kind": of, "only": list(plain.values)}
        case shape.VarTupleType():
            field = {"kind": "list", "most": plain.max_length, "items": _field(plain.item_type)}
        case shape.StructType():
            field = {"kind": "record", "fields": _fields(plain)}
        case shape.IntType():
            field = {"kind": "integer", "least": plain.ge, "most": plain.le}
        case shape.FloatType():
            field = {"kind": "number", "least": plain.ge, "most": plain.le}
        case shape.BoolType():
            field = {"kind": "boolean"}
        case shape.DateTimeType():
            field = {"kind": "moment"}
        case shape.StrType():
            pattern = plain.pattern and plain.pattern.replace(r"\Z", "$")
            field = {
                "kind": "string",
                "least": plain.min_length,
                "most": plain.max_length,
                "pattern": pattern,
            }
        case _:
            raise TypeError(f"no way to show {plain} to the browser")
    field |= {"nullable": _is_nullable(kind) or None, "optional": optional or None}
    return {name: value for name, value in field.items() if value is not None}


def _fields(struct: shape.StructType) -> dict[str, object]:
    return {f.name: _field(f.type, optional=_is_optional(f)) for f in struct.fields}


def _union(name: str, structs: Sequence[type[Struct]]) -> str:
    return f"/** @typedef {{{' | '.join(struct.__name__ for struct in structs)}}} {name} */\n"


def _close_codes() -> str:
    lines = [f"  {code.name}: {code.value}," for code in CloseCode]
    head = "/** Why the server closed the socket. */\nexport const CloseCode = Object.freeze({"
    return "\n".join([head, *lines, "});", ""])


def _table(name: str, structs: Sequence[type[Struct]]) -> str:
    table = {str(kind.tag): _fields(kind) for kind in _struct_types(structs)}
    lines = ["/** @type {Readonly<Record<string, Fields>>} */", f"export const {name} = Object.freeze({{"]
    for tag, fields in table.items():
        lines.append(f"  {tag}: {{")
        lines += [f"    {field}: {json.dumps(limits)}," for field, limits in fields.items()]
        lines.append("  },")
    return "\n".join([*lines, "});", ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or say whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"renew {TARGET.name}")
    if parser.parse_args(arguments).write:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(render(), encoding="utf-8")
        return 0
    is_current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == render()
    return 0 if is_current else 1


if __name__ == "__main__":
    sys.exit(main())
