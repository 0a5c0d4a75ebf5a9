"""How the long runs speak to whoever started them."""

import signal
import sys
from collections.abc import Sequence


def end_in_order() -> None:
    """Have SIGTERM end this process as Ctrl-C does: what was started is stopped, what was made is removed."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def say(line: str) -> None:
    """Write a line at once, also into a file or a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def numbers(values: Sequence[float]) -> str:
    """Write p50, p95, p99 and the largest of some seconds."""
    if not values:
        return "none"
    shares = " ".join(f"p{share * 100:.0f} {percentile(values, share):.2f}" for share in (0.5, 0.95, 0.99))
    return f"{shares} max {max(values):.2f} s (n={len(values)})"


def verdict(violations: Sequence[str]) -> int:
    """Write what was found, at most 50 lines of it, and return the exit code."""
    for line in violations[:50]:
        say(f"  {line}")
    return 1 if violations else 0
