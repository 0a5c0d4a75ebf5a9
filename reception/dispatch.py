"""Sends what the outbox holds: leases, finds the words, hands over, notes what came of it.

A message goes out at least once.  No transaction is open while a gateway is waited for.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from reception.edge import Edge
from reception.messengers import Letter, Messenger, NotDelivered
from reception.services import icalendar, outbox
from reception.services.icalendar import Entry
from reception.services.outbox import Channel, Outgoing, Template

logger = logging.getLogger(__name__)

Say = Callable[[str], str]
When = Callable[[Outgoing], str]


@dataclass(slots=True)
class Dispatcher:
    """Empties the outbox, again and again; several processes may do so at the same time.

    Attributes:
        say: the sentence of a code, in the language of the office.
        when: writes when an appointment begins.
        every_s: seconds between two looks.
    """

    edge: Edge
    messengers: Mapping[Channel, Messenger]
    say: Say
    when: When
    every_s: float

    async def run(self) -> None:
        """Dispatch until cancelled: neither a database that is away nor a defect may end it for good."""
        while True:
            try:
                await self.dispatch()
            except SQLAlchemyError as error:
                logger.warning("dispatch.failed error=%s", type(error).__name__)
            except Exception:  # the outermost loop of this task: the next look must come
                logger.exception("dispatch.defect")
            await asyncio.sleep(self.every_s)

    async def dispatch(self) -> int:
        """Send what is due now; return how many messages went out."""
        if not await self.edge.read(outbox.is_due):
            return 0
        count = 0
        for message in await self.edge.run(outbox.lease):
            count += await self._send(message)
        return count

    async def _send(self, message: Outgoing) -> bool:
        try:
            await self.messengers[message.channel].send(self._letter(message))
        except NotDelivered as error:
            code = error.code
            logger.warning("dispatch.not_delivered message=%s code=%s", message.id, code)
            await self.edge.run(lambda work: outbox.failed(work, message, code))
            return False
        await self.edge.run(lambda work: outbox.sent(work, message))
        return True

    def _letter(self, message: Outgoing) -> Letter:
        params = message.params
        text = self.say(f"reminder.{message.template}").format(
            when=self.when(message), room=message.room_name, ticket=params.ticket or "—"
        )
        entry = Entry(
            appointment=message.about,
            starts_at=params.starts_at,
            ends_at=params.ends_at,
            summary=self.say("reminder.summary"),
            room=message.room_name,
            ticket=params.ticket,
            sequence=params.sequence,
            stamped_at=message.created_at,
        )
        method: icalendar.Method = "CANCEL" if message.template is Template.CANCELLED else "REQUEST"
        return Letter(
            message.key, message.recipient, text, icalendar.message(method, entry, message.recipient)
        )
