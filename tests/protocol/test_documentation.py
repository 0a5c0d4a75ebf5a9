"""docs/protocol.md says everything that the code can say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec.inspect as shape
import pytest

from signaling import errors
from signaling.limits import Limits
from signaling.media.plane import BadSdp, MediaUnavailable
from signaling.messages import CLIENT_MESSAGES, SERVER_MESSAGES, CloseCode, SetUpCode
from signaling.room import PHASES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
SAID_WITH = {
    "end",
    "drop",
    "OpeningRefused",
    "_refused",
    "Refused",
    "SignalingError",
    "ProtocolError",
    "abort",
}


def section(number: int) -> str:
    return re.split(r"^## ", PAGE, flags=re.MULTILINE)[number]


def codes_in_source() -> set[str]:
    """Every literal that the code says as a reason, refusal or farewell."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "signaling").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {code for call in calls if called(call) in SAID_WITH for code in literals(call)}


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def literals(call: ast.Call) -> Iterator[str]:
    for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def error_codes() -> set[str]:
    classes = [
        c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.SignalingError)
    ]
    return {c.default_code for c in classes} | {BadSdp.code, MediaUnavailable.code}


@pytest.mark.parametrize(
    ("number", "message"),
    [(3, message) for message in CLIENT_MESSAGES] + [(4, message) for message in SERVER_MESSAGES],
)
def test_every_message_has_its_heading_and_every_field_its_word(number: int, message: type) -> None:
    kind = shape.type_info(message)
    assert isinstance(kind, shape.StructType)

    text = re.search(rf"^### `{kind.tag}`.*?(?=^### |\Z)", section(number), flags=re.MULTILINE | re.DOTALL)

    assert text is not None
    shared = section(2) + section(number).split("###")[0]  # said once for all messages
    for field in kind.fields:
        assert f"`{field.name}`" in text[0] + shared or f"`result.{field.name}`" in text[0], field.name


def test_no_heading_is_left_of_a_message_that_is_gone() -> None:
    for number, messages in ((3, CLIENT_MESSAGES), (4, SERVER_MESSAGES)):
        tags = {message.__struct_config__.tag for message in messages}
        assert set(re.findall(r"^### `(\w+)`", section(number), flags=re.MULTILINE)) == tags


@pytest.mark.parametrize("code", sorted(codes_in_source() | error_codes()))
def test_every_code_is_explained(code: str) -> None:
    assert f"`{code}`" in section(5) + section(6)


@pytest.mark.parametrize("code", list(CloseCode), ids=lambda code: code.name)
def test_every_close_code_has_its_row(code: CloseCode) -> None:
    assert re.search(rf"^\| {code.value} \|", section(6), flags=re.MULTILINE)


def test_every_set_up_code_is_explained() -> None:
    codes = {code for group in get_args(SetUpCode) for code in (get_args(group) or (group,))}

    written = set(re.findall(r"`(E\d\d|[a-z]+_[a-z]+)`", section(9)))

    assert written == codes


def test_the_phase_table_is_the_codes_table() -> None:
    written = set(re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|", section(7), flags=re.MULTILINE))

    assert written == {
        (phase.value, action.value, after.value)
        for phase, moves in PHASES.items()
        for action, after in moves.items()
    }


def test_the_figures_are_those_of_the_code() -> None:
    limits = Limits()

    for sentence in (
        f"Within {limits.hello_s:g} seconds",
        f"`ping` every {limits.ping_every_s:g} seconds",
        f"no frame for {limits.dead_after_s:g} seconds",
        f"{limits.frames_per_min:g} frames a minute with a burst of {limits.frames_burst}",
        f"at most {limits.queued_frames} frames or {limits.queued_bytes // 1024**2} MiB",
        f"({limits.frame_bytes:,} bytes)",
        f"At most {limits.queued_commands} commands",
        f"newest {limits.answers_per_login} answers",
        f"window** of {limits.window_s:g} seconds",
        f"at most {limits.backlog_events} events or {limits.backlog_bytes // 1024} KiB",
        f"none older than {limits.window_s:g} seconds",
        f"at most one every {limits.quality_every_s:g} seconds",
    ):
        assert sentence in re.sub(r"\s+", " ", PAGE), sentence
