"""Settings: where they come from, what they refuse, what follows from them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from reception.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without a file and without variables of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RECEPTION_{name.upper()}", raising=False)


def faults_of(**given: object) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        Settings(**given)  # type: ignore[arg-type]  # that is the point
    return {str(fault["loc"][0]) if fault["loc"] else "settings" for fault in caught.value.errors()}


def test_without_anything_set_a_demo_runs_on_loopback() -> None:
    settings = Settings()

    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.url == f"sqlite+aiosqlite:///{Path('data/reception.db').absolute()}"
    assert settings.relay_path == Path("data/relay.sock")


def test_the_environment_wins_over_the_file_and_an_argument_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reception.toml").write_text('listen = "127.0.0.1:1111"\nring_s = 30\ncallback_min = 5\n')
    monkeypatch.setenv("RECEPTION_RING_S", "40")
    monkeypatch.setenv("RECEPTION_CALLBACK_MIN", "6")

    settings = Settings(callback_min=7)

    assert (settings.port, settings.ring_s, settings.callback_min) == (1111, 40, 7)


def test_a_name_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reception.toml").write_text("lissten = 1\n")

    assert faults_of() == {"lissten"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen", "8080"),
        ("listen", "127.0.0.1:"),
        ("listen", "127.0.0.1:70000"),
        ("relay_udp_ports", "40000"),
        ("relay_udp_ports", "80-90"),
        ("relay_udp_ports", "50000-40000"),
        ("relay_udp_ports", "50000-70000"),
        ("ring_s", "0"),
        ("countdown_s", "11"),
        ("session_idle_min", "0"),
        ("language", "fr"),
    ],
)
def test_a_value_that_could_not_work_is_refused_at_the_start(name: str, value: str) -> None:
    assert faults_of(**{name: value}) == {name}


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080", "example.test:8080"])
def test_demo_mode_never_leaves_this_machine(listen: str) -> None:
    assert faults_of(demo=True, listen=listen) == {"settings"}
    assert Settings(listen=listen).host


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "127.0.0.2:1"])
def test_demo_mode_runs_on_any_loopback_address(listen: str) -> None:
    assert Settings(demo=True, listen=listen).demo


def test_settings_do_not_change_while_the_program_runs() -> None:
    settings = Settings()

    with pytest.raises(ValidationError):
        settings.listen = "0.0.0.0:1"  # type: ignore[misc]


def test_a_password_is_not_shown_by_accident() -> None:
    settings = Settings(demo_password="a long enough phrase")

    assert "enough" not in repr(settings)
    assert "enough" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("given", "origins", "is_secure"),
    [
        ({}, {"http://127.0.0.1:8080", "http://localhost:8080"}, False),
        ({"listen": "192.0.2.1:80"}, {"http://192.0.2.1:80"}, False),
        (
            {"listen": "[::1]:8080"},
            {"http://[::1]:8080", "http://127.0.0.1:8080", "http://localhost:8080"},
            False,
        ),
        ({"allowed_origins": ("https://a.test",)}, {"https://a.test"}, True),
        (
            {"allowed_origins": ("https://a.test", "http://b.test")},
            {"https://a.test", "http://b.test"},
            False,
        ),
    ],
)
def test_origins_follow_from_the_address_unless_they_are_named(
    given: dict[str, object], origins: set[str], is_secure: bool
) -> None:
    settings = Settings(**given)  # type: ignore[arg-type]  # names and values of the table

    assert settings.origins == origins
    assert settings.is_secure is is_secure
