"""Which build this is: a short hash of what browsers load, so that a page can tell that it is out of date."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def build_of(folders: Iterable[Path]) -> str:
    """Hash names and bytes of all files below the folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name, content = path.relative_to(folder.parent), path.read_bytes()
                digest.update(f"\0{name}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()[:16]
