"""Ways out for messages: a folder that another program empties, and a gateway behind HTTP.

Both take the same message again without harm: a dispatcher that died in between sends it twice.
"""

import asyncio
import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

GATEWAY_TIMEOUT_S = 20.0  # shorter than a lease: a message is never sent by two at a time


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words.

    Attributes:
        key: names the news; the receiver tells by it that it has it already.
        recipient: user name; number or address are the receiver's own directory's.
        text: neutral; nothing in it is about a petitioner.
        calendar: an iCalendar object, as it goes along.
    """

    key: str
    recipient: str
    text: str
    calendar: bytes


class NotDelivered(Exception):
    """The message did not get out; it may be sent again.  `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Messenger(Protocol):
    """One way out."""

    async def send(self, letter: Letter) -> None:
        """Hand a message over for good.

        Raises:
            NotDelivered: it was not taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderDrop:
    """Puts each message into a folder as `<name>.json` and `<name>.ics`; the name follows from its key."""

    folder: Path

    async def send(self, letter: Letter) -> None:
        """Write both files; the JSON appears last and whole, so it is the sign to take them."""
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            raise NotDelivered("folder_unwritable") from error

    def _write(self, letter: Letter) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(letter.key.encode()).hexdigest()[:32]
        _replace(self.folder / f"{name}.ics", letter.calendar)
        message = {
            "key": letter.key,
            "to": letter.recipient,
            "text": letter.text,
            "calendar": f"{name}.ics",
        }
        _replace(self.folder / f"{name}.json", json.dumps(message, ensure_ascii=False).encode())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(f"{path.suffix}.part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


@dataclass(frozen=True, slots=True)
class HttpGateway:
    """Posts each message as JSON; the gateway knows numbers, and repeated keys."""

    url: str

    async def send(self, letter: Letter) -> None:
        """Post it and wait for a 2xx."""
        message = {
            "key": letter.key,
            "to": letter.recipient,
            "text": letter.text,
            "calendar": base64.b64encode(letter.calendar).decode(),
        }
        timeout = aiohttp.ClientTimeout(total=GATEWAY_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    self.url, json=message, headers={"Idempotency-Key": letter.key}, allow_redirects=False
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotDelivered("gateway_unreachable") from error
        if not 200 <= status < 300:
            raise NotDelivered("gateway_refused")
