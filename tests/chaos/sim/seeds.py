"""Seeds that once found something: kept in a file, told again by a test."""

from pathlib import Path

KEPT = Path(__file__).parents[2] / "seeds" / "sim.txt"


def kept_seeds(path: Path = KEPT) -> list[int]:
    """The seeds of the file, in its order; `#` begins a comment."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [int(line) for line in lines if line]


def keep(seed: int, why: str, path: Path = KEPT) -> None:
    """Add a seed unless it is there."""
    if seed in kept_seeds(path):
        return
    with path.open("a") as file:
        file.write(f"{seed}  # {why}\n")
