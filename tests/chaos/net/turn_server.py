"""The real coturn with the configuration that is shipped, inside the server's namespace."""

import contextlib
import datetime
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signaling.turn import Credential, mint
from signaling.turn_config import Site, render
from tests.chaos.net.namespaces import RELAY, TURN, Namespace

READY_S = 15.0
REALM = "county.example"


@dataclass(slots=True)
class TurnServer:
    """A running turnserver.

    Attributes:
        secret: shared with whoever mints credentials.
        secret_file: the same, as the web server wants it.
        authority: certificate of the authority that vouches for it (PEM).
    """

    secret: str
    secret_file: Path
    authority: Path
    _process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def credential(self, *, ends_in_s: float = 3600.0, secret: str | None = None) -> Credential:
        """Mint a credential, also one that is over or made with another secret."""
        now = datetime.datetime.now(datetime.UTC)
        return mint(secret or self.secret, now=now, ttl=datetime.timedelta(seconds=ends_in_s))

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def turn_server(
    namespace: Namespace,
    folder: Path,
    *,
    edit: Callable[[str], str] = str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[TurnServer]:
    """Run turnserver in a namespace until the end of the block.

    Args:
        folder: for configuration, secret and certificates.
        edit: changes the shipped configuration, e.g. takes a line out for a negative control.
    """
    authority, certificate, key = _certificates(folder)
    secret = secrets.token_urlsafe(32)
    secret_file = folder / "turn-secret"
    secret_file.touch(mode=0o600)
    secret_file.write_text(secret)
    configuration = folder / "turnserver.conf"
    site = Site(TURN, REALM, RELAY, secret, str(certificate), str(key))
    configuration.write_text(edit(render(site)))
    with (folder / "turnserver.log").open("ab") as log:
        process = subprocess.Popen(
            namespace.command(
                *("turnserver", "-c", str(configuration), "--pidfile", str(folder / "turnserver.pid")),
                *("--db", str(folder / "turndb")),
            ),
            env={**os.environ, **(environment or {})},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_listens(namespace, process, folder / "turnserver.log")
        yield TurnServer(secret, secret_file, authority, process)
    finally:
        process.kill()
        process.wait()


def _wait_until_it_listens(namespace: Namespace, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not _listens(namespace):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"turnserver does not listen\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def _listens(namespace: Namespace) -> bool:
    """Ask for a binding, without which no other request makes sense."""
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.sendto(bytes.fromhex("000100002112a442") + bytes(12), (TURN, 3478))
        try:
            return bool(probe.recv(2048))
        except (TimeoutError, ConnectionRefusedError):
            return False


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Make an authority of our own and a certificate for the TURN server's address."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a fictional county")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TURN)])
    root = (
        _builder(root_name, root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _builder(name, root_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(TURN))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    paths = (folder / "authority.pem", folder / "turn.pem", folder / "turn.key")
    paths[0].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    paths[2].touch(mode=0o600)
    paths[2].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=30))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
