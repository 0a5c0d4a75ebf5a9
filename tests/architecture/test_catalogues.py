"""Every sentence that people read is there in both languages, with the same places to fill."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import jinja2
import polib
import pytest
from jinja2 import nodes

import reception
import scheduling
import signaling
from reception.domain.duty import DutyState
from reception.domain.errors import Refusal
from reception.domain.outcomes import OutcomeCode
from reception.domain.registration import MATTER_KINDS
from reception.domain.roles import Role
from reception.domain.visits import PendingReason, VisitState
from reception.services.desk import PRESENT_CODES
from reception.services.record import UNSEAL_REASONS
from reception.services.room_blocks import RoomBlockReason
from reception.store.audit import AuditAction
from reception.web.i18n import LOCALES, Catalogues
from scheduling.domain.appointments import (
    AppointmentState,
    CancelReason,
    Kind,
    NoShowReason,
    RejectReason,
    Side,
)
from scheduling.errors import SchedulingRefusal
from signaling.errors import SignalingError

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "reception" / "templates"
CODE = re.compile(r"[a-z_]+(?:\.[A-Za-z0-9_-]+)+")
CJK = re.compile("[\u3400-\u9fff]")
PLACE = re.compile(r"\{\w+\}")
# Fields of which the code says why they do not hold; their class has no code of its own.
FIELD_REFUSALS = {"BadIdentity"}
# Names of fields, which look like codes.
FIELDS = {"declaration.present", "declaration.officer_left", "declaration.confirmed"}


def catalogue(locale: str) -> dict[str, str]:
    path = ROOT / "reception" / "locale" / locale / "LC_MESSAGES" / "messages.po"
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


BOTH = {locale: catalogue(locale) for locale in LOCALES}


def missing(codes: Iterable[str]) -> list[str]:
    """Return the codes that have no sentence in one of the languages."""
    return sorted({code for code in codes for words in BOTH.values() if not words.get(code, "").strip()})


# Templates


def spoken(source: str) -> Iterator[str]:
    """Yield what a template says: whole messages, and `prefix.` of those put together from a code."""
    for call in jinja2.Environment(autoescape=True).parse(source).find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Name) and call.node.name == "_" and call.args):
            continue
        said = call.args[0]
        if isinstance(said, nodes.Concat | nodes.Add):
            said = said.nodes[0] if isinstance(said, nodes.Concat) else said.left
            if isinstance(said, nodes.Const):
                yield str(said.value)
        elif isinstance(said, nodes.CondExpr):
            yield from (str(part.value) for part in (said.expr1, said.expr2) if isinstance(part, nodes.Const))
        elif isinstance(said, nodes.Const):
            yield str(said.value)


def all_spoken() -> set[str]:
    return {said for path in TEMPLATES.rglob("*.html") for said in spoken(path.read_text())}


def test_every_sentence_of_a_template_has_its_english() -> None:
    sentences = {said for said in all_spoken() if CJK.search(said)}

    assert len(sentences) > 100, "the templates are read"
    assert [said for said in sorted(sentences) if not BOTH["en"].get(said)] == []


def test_no_sentence_is_kept_that_no_template_says() -> None:
    assert sorted({said for said in BOTH["en"] if CJK.search(said)} - all_spoken()) == []


def test_every_code_of_a_template_has_its_words() -> None:
    codes = {said for said in all_spoken() if not CJK.search(said)}

    assert missing(code for code in codes if not code.endswith(".")) == []
    for prefix in (code for code in codes if code.endswith(".")):
        assert any(code.startswith(prefix) for code in BOTH["en"]), prefix


def test_a_template_says_nothing_past_the_catalogue() -> None:
    bare = {}
    for path in TEMPLATES.rglob("*.html"):
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text(), flags=re.DOTALL)
        text = text.replace("中文", "")  # the other language's name stands in that language
        if CJK.search(text):
            bare[path.name] = CJK.findall(text)[:20]

    assert bare == {}


# Codes of rules


def every_module() -> None:
    """Import the packages whole, so that every class of refusal is known."""
    for package in (reception, scheduling, signaling):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", ".env")) and ".versions" not in module.name:
                importlib.import_module(module.name)


def heirs(kind: type) -> set[type]:
    children: list[type] = kind.__subclasses__()
    return {kind} | {heir for child in children for heir in heirs(child)}


def test_every_refusal_of_a_rule_has_its_words() -> None:
    every_module()
    kinds = {kind for kind in heirs(Refusal) if kind.__name__ not in FIELD_REFUSALS and not _of_tests(kind)}

    assert len(kinds) > 30
    assert missing(f"refusal.{kind.code}" for kind in kinds) == []  # type: ignore[attr-defined]


def test_every_refusal_on_the_wire_has_its_words() -> None:
    every_module()
    kinds = {kind for kind in heirs(SignalingError) if not _of_tests(kind)}

    assert missing(f"refusal.{kind.default_code}" for kind in kinds) == []  # type: ignore[attr-defined]


def test_every_refusal_of_scheduling_has_its_words() -> None:
    every_module()
    kinds = {kind for kind in heirs(SchedulingRefusal) if not _of_tests(kind)}

    assert len(kinds) > 10
    assert missing(f"refusal.{kind.code}" for kind in kinds) == []  # type: ignore[attr-defined]


def _of_tests(kind: type) -> bool:
    return kind.__module__.startswith("tests.")


def test_two_refusals_never_share_a_code() -> None:
    every_module()
    codes: dict[str, set[str]] = {}
    for kind in heirs(Refusal) - {Refusal}:
        if kind.__name__ not in FIELD_REFUSALS and not _of_tests(kind):
            codes.setdefault(kind.code, set()).add(kind.__name__)  # type: ignore[attr-defined]

    assert {code: names for code, names in codes.items() if len(names) > 1} == {}


def raised_in_place() -> set[str]:
    """Return the codes that are named where a refusal is raised or sent: `SignalingError("wrong_state")`."""
    found: set[str] = set()
    for package in ("reception", "signaling"):
        for path in (ROOT / package).rglob("*.py"):
            for call in (
                node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
            ):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                if name in {"SignalingError", "ProtocolError"}:
                    found |= texts(call.args[:1])
                if name == "Refused":
                    found |= texts(word.value for word in call.keywords if word.arg == "code")
    return found


def texts(parts: Iterable[ast.AST]) -> set[str]:
    """Return the string literals among these nodes."""
    return {
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value
    }


def test_every_code_named_in_place_has_its_words() -> None:
    # Said to a program that breaks the protocol; no page shows these.
    to_programs = {"already_welcome", "malformed", "unknown_type", "unknown_field", "bad_value"}

    codes = raised_in_place() - to_programs

    assert {"wrong_state", "too_large"} <= codes
    assert missing(f"refusal.{code}" for code in codes) == []


@pytest.mark.parametrize(
    "code",
    ["not_found", "method_not_allowed", "too_large", "bad_request", "unavailable", "internal", "signed_out"],
)
def test_every_answer_of_the_web_layer_has_its_words(code: str) -> None:
    assert missing([f"refusal.{code}"]) == []


def field_codes() -> set[str]:
    """Return every code that a field may be refused with, as the sources name them."""
    found: set[str] = set()
    for path in (ROOT / "reception").rglob("*.py"):
        if "demo" in path.parts or "robot" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            found |= _field_codes_of(node)
    return found


def _field_codes_of(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        is_fault = getattr(node.targets[0].value, "id", "") in {"faults", "found"}
        return texts(ast.walk(node.value)) if is_fault else set()
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"BadInput", "BadIdentity"}
        and node.args
    ):
        given = node.args[0]
        return texts(given.values if isinstance(given, ast.Dict) else [given])
    return set()


def test_every_fault_of_a_field_has_its_words() -> None:
    codes = field_codes()

    assert {"required", "too_long", "id_number_check_digit", "in_the_past"} <= codes
    assert missing(f"field.{code}" for code in codes) == []


# Closed lists


@pytest.mark.parametrize(
    ("prefix", "codes"),
    [
        ("state", VisitState),
        ("outcome", OutcomeCode),
        ("pending", PendingReason),
        ("duty", DutyState),
        ("role", [*Role, "petitioner", "representative"]),
        ("matter_kind", MATTER_KINDS),
        ("declaration", PRESENT_CODES),
        ("unseal", UNSEAL_REASONS),
        ("audit", AuditAction),
        ("appointment.state", AppointmentState),
        ("appointment.kind", Kind),
        ("appointment.reject", RejectReason),
        ("appointment.cancel", CancelReason),
        ("appointment.side", Side),
        ("appointment.absence", NoShowReason),
        ("room_block", RoomBlockReason),
        ("nav", ["desk", "cases", "admin", "account"]),
        (
            "why",
            ["satisfied", "doubted", "ended", "stopped", "lost", "leave", "socket", "taken_over", "removed"],
        ),
    ],
)
def test_every_code_of_a_closed_list_has_its_words(prefix: str, codes: Iterable[str]) -> None:
    assert missing(f"{prefix}.{code}" for code in codes) == []


def test_every_kind_of_event_on_a_timeline_has_its_words() -> None:
    kinds: set[str] = set()
    for path in (ROOT / "reception").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if getattr(call.func, "attr", "") in {"note_event", "_note"}:
                kinds |= texts(call.args)

    assert {"registered", "answered", "outcome_logged", "live", "joined"} <= kinds
    assert missing(f"event.{kind}" for kind in kinds) == []


# Scripts


def script_codes() -> tuple[set[str], set[str]]:
    """Return the codes that scripts name, and the beginnings of those that they put together."""
    areas = {code.split(".")[0] for code in BOTH["en"] if CODE.fullmatch(code)}
    whole: set[str] = set()
    begun: set[str] = set()
    said: set[str] = set()
    for path in (ROOT / "static" / "js").rglob("*.js"):
        source = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        whole |= set(re.findall(r"[\"'`]([a-z_]+(?:\.[A-Za-z0-9_]+)+)[\"'`]", source))
        begun |= set(re.findall(r"`([a-z_]+\.(?:[A-Za-z0-9_]+\.)*)\$\{", source))
        said |= set(re.findall(r"(?:say|knows)\(\s*`([a-z_]+\.(?:[A-Za-z0-9_]+\.)*)\$\{", source))
    in_words = {code for code in whole if code.split(".")[0] in areas} - FIELDS
    return in_words, {code for code in begun if code.split(".")[0] in areas} | said


def test_every_code_that_a_script_says_has_its_words() -> None:
    whole, begun = script_codes()

    assert len(whole) > 100, "the scripts are read"
    assert missing(whole) == []
    for prefix in begun:
        assert any(code.startswith(prefix) for code in BOTH["en"]), prefix


def test_pages_hand_scripts_every_code_that_they_say() -> None:
    whole, begun = script_codes()

    for locale in LOCALES:
        handed = Catalogues.load().for_scripts(locale)
        assert whole <= set(handed)
        assert all(any(code.startswith(prefix) for code in handed) for prefix in begun)


# The catalogues themselves


def test_both_catalogues_know_the_same_messages() -> None:
    assert set(BOTH["zh_CN"]) == set(BOTH["en"])


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_empty_or_only_its_own_code(locale: str) -> None:
    assert [code for code, said in BOTH[locale].items() if not said.strip()] == []
    assert [code for code, said in BOTH[locale].items() if CODE.fullmatch(code) and said == code] == []


def test_a_chinese_sentence_translates_to_itself_and_to_english() -> None:
    sentences = [code for code in BOTH["en"] if not CODE.fullmatch(code)]

    assert [said for said in sentences if BOTH["zh_CN"][said] != said] == []
    kept = [said for said in sentences if CJK.search(BOTH["en"][said])]
    # The name of the other language stands in that language.
    assert kept in ([], ["中文"])


def test_both_languages_fill_the_same_places() -> None:
    differing = {
        code: (said, BOTH["en"][code])
        for code, said in BOTH["zh_CN"].items()
        if set(PLACE.findall(said)) != set(PLACE.findall(BOTH["en"][code]))
    }

    assert differing == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_sentences_are_calm(locale: str) -> None:
    loud = {code: said for code, said in BOTH[locale].items() if re.search("[!\uff01\u2049\u203c]", said)}

    assert loud == {}
