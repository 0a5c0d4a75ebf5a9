"""What an installation may decide: one frozen class, read from `reception.toml` and `RECEPTION_*`."""

from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from signaling.turn import is_turn_url, read_secret


class Settings(BaseSettings):
    """All settings; every field's description is its line in `docs/settings.md`."""

    model_config = SettingsConfigDict(
        env_prefix="RECEPTION_", toml_file="reception.toml", frozen=True, extra="forbid"
    )

    listen: str = Field("127.0.0.1:8080", description="Address and port of the web server, `host:port`.")
    data_dir: Path = Field(
        Path("data"), description="Where database, keys, logs and sockets live; kept 0700."
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty means a SQLite file in the data directory."
    )
    demo: bool = Field(False, description="Serve the fictional county; refuses to listen beyond loopback.")
    demo_password: SecretStr | None = Field(
        None, description="Password of the demo accounts; generated and printed once when absent."
    )
    allowed_origins: tuple[str, ...] = Field(
        (), description="Origins that pages are served from; empty means the listening address itself."
    )
    totp_required: bool = Field(False, description="Refuse staff who have no one-time password yet.")
    session_idle_min: int = Field(
        60, ge=1, description="Minutes without a request after which staff sign in again."
    )
    session_absolute_h: int = Field(
        10, ge=1, description="Hours after which staff sign in again in any case."
    )
    countdown_s: float = Field(
        3.0, ge=0, le=10, description="Seconds of 3-2-1 before anything captured leaves a browser."
    )
    ring_s: float = Field(
        90.0, gt=0, description="Seconds a raised visit rings before a call-back is promised."
    )
    callback_min: int = Field(30, ge=1, description="Minutes within which a promised call-back is due.")
    suspend_after_s: float = Field(
        45.0,
        gt=0,
        description="Seconds a call waits for a lost terminal or officer before the visit is suspended.",
    )
    same_officer_first_s: float = Field(
        30.0,
        ge=0,
        description="Seconds a suspended visit is offered to its former officer before everybody is rung.",
    )
    appointment_hold_s: float = Field(
        300.0, gt=0, description="Seconds a chosen appointment is held until its request is complete."
    )
    appointment_briefing_min: Literal[0, 15, 30, 45, 60] = Field(
        15, description="Minutes the officials sit together before an appointment, without the citizen."
    )
    appointment_wrap_up_min: Literal[0, 15, 30, 45, 60] = Field(
        15, description="Minutes the officials sit together after an appointment, without the citizen."
    )
    appointed_first_s: float = Field(
        30.0,
        ge=0,
        description="Seconds an appointment's visit rings the appointed official before everybody is rung.",
    )
    no_show_grace_min: int = Field(
        15, ge=0, description="Minutes after its beginning before somebody is suggested to be absent."
    )
    wrap_up_grace_s: float = Field(
        900.0,
        gt=0,
        description="Seconds an outcome form may stand without its officer before it counts as left.",
    )
    sweep_s: float = Field(
        1.0, gt=0, description="Seconds between two looks at overdue rings and abandoned visits."
    )
    guest_link_min: float = Field(
        15.0, gt=0, le=240, description="Minutes within which a one-time link for a guest may be opened."
    )
    roster_horizon_days: int = Field(
        60, ge=14, le=366, description="Days ahead for which the shifts of rotations are dealt."
    )
    outbox_dir: Path | None = Field(
        None, description="Folder that reminders are put into; empty means `outbox` in the data directory."
    )
    sms_gateway_url: str = Field(
        "", description="Address that reminders are posted to as JSON; empty means they go into the folder."
    )
    dispatch_s: float = Field(5.0, gt=0, description="Seconds between two looks at reminders to be sent.")
    county_phone: str = Field("0000-0000000", description="Telephone number shown to a waiting visitor.")
    relay_socket: Path | None = Field(
        None, description="Control socket of the media relay; empty means `relay.sock` in the data directory."
    )
    relay_host: str = Field("127.0.0.1", description="Address that the media relay sends and receives on.")
    relay_udp_ports: str = Field("40000-40199", description="Range of UDP ports of the media relay.")
    turn_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="`turn:` and `turns:` addresses, comma-separated; empty means no way round."
    )
    turn_secret_file: Path | None = Field(
        None, description="File with the secret shared with the TURN server; nobody else may read it (0600)."
    )
    turn_ttl_h: int = Field(6, ge=1, le=24, description="Hours for which a TURN credential is good.")
    turn_only: bool = Field(False, description="Browsers reach the media relay through TURN alone.")
    language: Literal["zh_CN", "en"] = Field(
        "zh_CN", description="Language of a browser that has not chosen: `zh_CN` or `en`."
    )

    @field_validator("listen")
    @classmethod
    def _listen_names_host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("must be host:port")
        return value

    @field_validator("relay_udp_ports")
    @classmethod
    def _ports_are_a_range(cls, value: str) -> str:
        first, _, last = value.partition("-")
        if not (first.isdigit() and last.isdigit() and 1024 <= int(first) <= int(last) <= 65535):
            raise ValueError("must be FIRST-LAST between 1024 and 65535")
        return value

    @field_validator("turn_urls", mode="before")
    @classmethod
    def _urls_are_separated_by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(url.strip() for url in value.split(",") if url.strip())
        return value

    @field_validator("turn_urls")
    @classmethod
    def _urls_are_of_turn_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not is_turn_url(url):
                raise ValueError(f"{url} is no turn:HOST:PORT?transport=udp|tcp or turns:HOST:PORT")
        return value

    @model_validator(mode="after")
    def _turn_is_complete(self) -> Self:
        if self.turn_only and not self.turn_urls:
            raise ValueError("turn_only needs turn_urls")
        if self.turn_urls:
            if self.turn_secret_file is None:
                raise ValueError("turn_urls needs turn_secret_file")
            read_secret(self.turn_secret_file)
        return self

    @model_validator(mode="after")
    def _demo_stays_on_loopback(self) -> Self:
        # Demo accounts share one password: nothing but this machine may reach them.
        if self.demo and not _is_loopback(self.host):
            raise ValueError("demo mode listens on loopback only")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def host(self) -> str:
        """Host part of `listen`, without the brackets of an IPv6 address."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Port part of `listen`; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'reception.db').absolute()}"

    @property
    def outbox_path(self) -> Path:
        """Where reminders are put for another program to send."""
        return self.outbox_dir or self.data_dir / "outbox"

    @property
    def audit_head_path(self) -> Path:
        """Where the head of the audit chain is exported to, so that a cut tail is seen."""
        return self.data_dir / "audit-head.json"

    @property
    def relay_path(self) -> Path:
        """Where the relay's control socket is."""
        return self.relay_socket or self.data_dir / "relay.sock"

    @cached_property
    def origins(self) -> frozenset[str]:
        """Origins that may open a socket or send an unsafe request."""
        if self.allowed_origins:
            return frozenset(self.allowed_origins)
        names = {self.listen.rpartition(":")[0]}
        if _is_loopback(self.host):
            names |= {"127.0.0.1", "localhost"}
        return frozenset(f"http://{name}:{self.port}" for name in names)

    @property
    def is_secure(self) -> bool:
        """Whether every page is served over TLS, so cookies may carry the `__Host-` prefix."""
        return all(origin.startswith("https://") for origin in self.origins)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
