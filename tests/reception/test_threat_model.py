"""The threat model names tests as proof; each of them has to exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
PROOFS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), PROOFS, ids=[name for _, name in PROOFS])
def test_a_proof_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"def {name}\(", (ROOT / file).read_text())


def test_every_attack_has_a_proof() -> None:
    rows = re.findall(r"^\| (?:T\d+|–) \|.*$", PAGE, re.MULTILINE)

    assert len(rows) > 15
    assert [row for row in rows if "::test_" not in row] == []
