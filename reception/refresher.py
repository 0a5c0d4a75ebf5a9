"""Shows what changed, soon and once: many notes of one view become one look at the database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from reception.services.notes import View

logger = logging.getLogger(__name__)

RETRY_S = 0.5

Show = Callable[[Sequence[View]], Awaitable[None]]


class Refresher:
    """Collects views that are out of date; one task shows them.

    Nobody who presses a button waits for this: the answer says what was
    committed, the views follow.
    """

    def __init__(self) -> None:
        self._stale: dict[View, None] = {}
        self._wake = asyncio.Event()

    def mark(self, view: View) -> None:
        """Have a view shown anew."""
        self._stale[view] = None
        self._wake.set()

    async def run(self, show: Show) -> None:
        """Show what is marked, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            views, self._stale = tuple(self._stale), {}
            try:
                await show(views)
            except SQLAlchemyError as error:
                logger.warning("views.not_shown error=%s", type(error).__name__)
                await asyncio.sleep(RETRY_S)
                for view in views:
                    self.mark(view)
            except Exception:  # the outermost loop of this task: later views must still be shown
                logger.exception("views.defect")
