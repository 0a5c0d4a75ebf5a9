"""What may not stand in the sources: sentences in code, markup from strings, addresses of others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("reception", "scheduling", "signaling")
# The fictional county speaks Chinese: its names, matters and answers are data.
DEMO_DATA = ("reception/demo/", "reception/robot/")
CJK = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
TEMPLATES = sorted((ROOT / "reception" / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static" / "css").rglob("*.css"))
MARKUP_FROM_STRINGS = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|srcdoc)\b"
    r"|\bdocument\.write|\beval\(|\bnew Function\b|\bset(?:Timeout|Interval)\(\s*[\"'`]|\bDOMParser\b"
)
INLINE_HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE)
OUTSIDE = re.compile(
    r"(?:https?:)?//(?!(?:127\.0\.0\.1|localhost)\b)[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE
)
NAMESPACES = ("http://www.w3.org/",)


def python_sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


def strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield every string literal that is not a docstring."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def chinese(source: str) -> list[str]:
    """Return the Chinese sentences of Python code; `年`, `月` and `日` write a date and are no sentence."""
    found = []
    for node in strings(ast.parse(source)):
        text = str(node.value)
        if CJK.search(re.sub("[年月日]", "", text)):
            found.append(f"{node.lineno}: {text}")
    return found


@named([path for path in python_sources() if not str(path.relative_to(ROOT)).startswith(DEMO_DATA)])
def test_python_code_holds_no_sentence_that_people_read(path: Path) -> None:
    assert chinese(path.read_text()) == []


def test_a_chinese_sentence_in_code_would_be_seen() -> None:
    assert chinese('"""说明"""\nx = "请重试"  # 注释\n') == ["2: 请重试"]


@named(SCRIPTS)
def test_scripts_build_no_markup_from_strings(path: Path) -> None:
    assert MARKUP_FROM_STRINGS.findall(path.read_text()) == []


@named(SCRIPTS)
def test_scripts_hold_no_sentence_that_people_read(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text(), flags=re.DOTALL)

    assert CJK.findall(code) == []


@named(TEMPLATES)
def test_templates_hold_no_script_style_or_handler(path: Path) -> None:
    source = path.read_text()

    assert MARKUP_FROM_STRINGS.findall(source) == []
    assert INLINE_HANDLER.findall(re.sub(r"{[{%].*?[%}]}", "", source, flags=re.DOTALL)) == []
    assert not re.search(r"<style|\sstyle\s*=", source)
    # A page's data is JSON that `as_json` has written without any sign that could end the element.
    assert "| safe" not in re.sub(r"{{ (desk|liaison) \| safe }}", "", source)
    for tag in re.findall(r"<script\b[^>]*>", source):
        assert " src=" in tag or 'type="application/json"' in tag, tag


@named(TEMPLATES)
def test_every_form_that_posts_carries_the_token(path: Path) -> None:
    forms = re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL)

    for form in forms:
        if 'method="post"' in form.lower() and 'action="/login"' not in form:
            assert 'name="csrf_token"' in form, form[:200]


@named([*SCRIPTS, *TEMPLATES, *STYLES, *sorted((ROOT / "static" / "img").rglob("*.svg"))])
def test_nothing_comes_from_another_host(path: Path) -> None:
    source = path.read_text()
    for namespace in NAMESPACES:
        source = source.replace(namespace, "")
    code = (
        re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", "", source, flags=re.DOTALL)
        if path.suffix == ".js"
        else source
    )

    assert OUTSIDE.findall(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "node.innerHTML = x",
        "node.insertAdjacentHTML('beforeend', x)",
        "document.write(x)",
        "eval(x)",
        "setTimeout('x()', 1)",
    ],
)
def test_markup_from_a_string_would_be_seen(code: str) -> None:
    assert MARKUP_FROM_STRINGS.search(code)


def test_an_inline_handler_and_an_outside_address_would_be_seen() -> None:
    assert INLINE_HANDLER.search('<button class="x" onclick="go()">')
    assert OUTSIDE.search('<script src="https://cdn.example/x.js">')
    assert OUTSIDE.search('<img src="//cdn.example/x.png">')


@named(python_sources())
def test_every_module_says_what_it_owns_and_stays_readable(path: Path) -> None:
    source = path.read_text()

    assert ast.get_docstring(ast.parse(source)), "no docstring"
    assert "versions" in path.parts or len(source.splitlines()) <= MAX_LINES.get(path.name, 400)


# Lists without a seam: every body and answer of the API, every table.
MAX_LINES = {"answers.py": 600, "bodies.py": 600, "tables.py": 450}
