"""First answers of commands, so that a repeated command is answered and not carried out again."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from msgspec.structs import replace

from signaling.errors import IdReused, Internal, Unavailable
from signaling.messages import ClientCommand, Refused, Result
from signaling.tasks import Tasks

Answer = Result | Refused

# Nobody knows how far the command got: it may be said again, and finds out.
_NOT_FINAL = {Unavailable.default_code, Internal.default_code}


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: int
    cseq: int
    answer: asyncio.Task[Answer]


class Answers:
    """The newest answers of one scope, by command id."""

    def __init__(self, tasks: Tasks, bound: int) -> None:
        self._tasks = tasks
        self._bound = bound
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def first(
        self, command: ClientCommand, carry_out: Callable[[], Coroutine[object, object, Answer]]
    ) -> Answer:
        """Carry the command out, or give the answer that its id got, waiting for it if need be.

        The work is a task of its own: a socket that dies meanwhile does not stop it half-way.

        Raises:
            IdReused: the id belongs to another command.
        """
        fingerprint = hash(replace(command, cseq=0))  # it has another number in another session
        known = self._kept.get(command.id)
        if known is None:
            known = _Kept(fingerprint, command.cseq, self._tasks.spawn(carry_out(), "command"))
            self._kept[command.id] = known
            while len(self._kept) > self._bound:
                self._kept.popitem(last=False)
        elif known.fingerprint != fingerprint:
            raise IdReused
        answer = await asyncio.shield(known.answer)
        if isinstance(answer, Refused) and answer.code in _NOT_FINAL and self._kept.get(command.id) is known:
            del self._kept[command.id]
        return answer

    def forget(self, upto: int) -> None:
        """The answers of the commands up to this number have arrived and are not asked for again."""
        for command_id in [i for i, kept in self._kept.items() if 0 < kept.cseq <= upto]:
            del self._kept[command_id]


class AnswersByLogin:
    """The answers of the logins that were active last."""

    def __init__(self, tasks: Tasks, *, logins: int, per_login: int) -> None:
        self._tasks = tasks
        self._logins = logins
        self._per_login = per_login
        self._by_login: OrderedDict[str, Answers] = OrderedDict()

    def of(self, login: str) -> Answers:
        """The login's answers, emptied only when too many other logins came after it."""
        answers = self._by_login.setdefault(login, Answers(self._tasks, self._per_login))
        self._by_login.move_to_end(login)
        while len(self._by_login) > self._logins:
            self._by_login.popitem(last=False)
        return answers
