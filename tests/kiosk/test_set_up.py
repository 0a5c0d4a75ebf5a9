"""What the installer puts where, and that it takes it back."""

import configparser
import json
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "deploy" / "kiosk"
ORIGIN = "https://reception.county.example:8443"


def install(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installer below another root."""
    return subprocess.run(
        [HERE / "install.sh", *arguments],
        env={"DESTDIR": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_it_installs_for_one_origin_and_takes_it_back(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()

    done = install(tmp_path, ORIGIN)

    assert done.returncode == 0, done.stderr
    for folder in ("etc/chromium", "etc/opt/chrome"):
        text = (tmp_path / folder / "policies/managed/reception-terminal.json").read_text()
        policies = json.loads(text)
        assert "@" not in text
        assert policies["URLAllowlist"] == policies["VideoCaptureAllowedUrls"] == [ORIGIN]
    config = tmp_path / "etc/reception-terminal.conf"
    assert f"\nORIGIN={ORIGIN}\n" in config.read_text()
    assert (tmp_path / "usr/local/lib/reception-terminal/watchdog.py").stat().st_mode & 0o111

    assert install(tmp_path, "--remove").returncode == 0
    assert files(tmp_path) == {"etc/reception-terminal.conf"}


def test_another_origin_leaves_the_administrators_own_lines(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    install(tmp_path, ORIGIN)
    config = tmp_path / "etc/reception-terminal.conf"
    config.write_text(config.read_text().replace("FLAGS=", "FLAGS=--force-device-scale-factor=1.25"))

    install(tmp_path, "https://other.county.example")

    assert "ORIGIN=https://other.county.example\n" in config.read_text()
    assert "FLAGS=--force-device-scale-factor=1.25" in config.read_text()


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "reception.county.example",
        "https://a.example/terminal",
        "http://a.example",  # no camera without https
        "https://a.example|s/x/y/;e touch owned",  # nothing of it reaches a shell or sed
        "http://localhost.a.example",
    ],
)
def test_what_is_no_safe_origin_installs_nothing(tmp_path: Path, origin: str) -> None:
    assert install(tmp_path, origin).returncode == 2
    assert files(tmp_path) == set()


@pytest.mark.parametrize("unit", ["reception-terminal.service", "reception-terminal-display.service"])
def test_the_units_start_it_again_whatever_ends_it(unit: str) -> None:
    parsed = configparser.ConfigParser(interpolation=None, strict=True)
    parsed.read(HERE / unit)

    service = parsed["Service"]
    assert service["ExecStart"].endswith(
        "/usr/local/lib/reception-terminal/watchdog.py /etc/reception-terminal.conf"
    )
    assert service["Restart"] == "always"
    assert parsed["Unit"]["StartLimitIntervalSec"] == "0"  # no number of failures is the last one
    assert int(service["WatchdogSec"]) > 60  # longer than the pause before a start and its end together
