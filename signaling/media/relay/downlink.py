"""What a seat's line bears, what its senders hear of it, and how far its picture is thinned. No IO, no clock.

Sound goes first: it is forwarded whatever the line is like, and never counted against it. A sender
follows its receivers as long as that does not make the picture poor for all of them; a receiver
that can not keep up gets key frames alone, or no picture, until its line has recovered.

| a receiver's share of its line | the sender | the receiver |
|---|---|---|
| not known to be narrow | up to `MAX_BITRATE` | the whole picture |
| `DECENT`, or half of the widest share, or more | comes down to it | the whole picture |
| less | does not follow | key frames; none below `STILLS_NEED` |
| the only one, and less than `MIN_BITRATE` leaves | stays there | key frames; none below `STILLS_NEED` |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

# Enough for 720p of a person who sits and talks; also the answer to a seat that nobody watches.
MAX_BITRATE = 2_500_000
MIN_BITRATE = 150_000
AUDIO_BITRATE = 96_000
"""With redundancy. What a sender hears covers its sound too; receivers estimate video alone."""
DECENT = 400_000
"""360p without visible harm: to come down that far costs the other receivers little."""
STILLS_NEED = 80_000

REDUNDANCY_NEED = 150_000
"""Below that sound goes plain: 16 kbit/s of speech carried twice take 58 with their headers, once 42."""

_NOT_NARROW = 0.95
_HOPELESS_LOSS = 0.4
_HEADROOM = 8
_CLIMB = 10
_OVERLOAD = 1.5
_PATIENCE_S = 3.0
_DOUBT_S = 1.5
_TRIAL_S = 10.0
_FIRST_HOLD_S, _LONGEST_HOLD_S = 10.0, 80.0


class Step(Enum):
    """How much of a picture is sent on."""

    FULL = auto()
    STILLS = auto()
    """Key frames alone, now and then."""
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A seat's way down as it looks now.

    Attributes:
        estimate: bit/s of video, as its browser says (REMB); None when it has not said lately.
        fell_at: when that last became less,
        rose_at: or more.
        flowing: bit/s of video sent to it during the last second.
        loss: the worst part of a video stream that it did not get, 0 to 1.
    """

    estimate: int | None = None
    fell_at: float = float("-inf")
    rose_at: float = float("-inf")
    flowing: float = 0.0
    loss: float = 0.0


def bearable(line: Line) -> int | None:
    """Bit/s of video that a line bears; None while nothing says that it is narrow.

    An estimate follows what arrives: near the present rate it may just say that the senders have
    little to show. When packets pile up on the way it falls to 0.85 of what arrives. Loss alone is
    no sign of a narrow line unless it is so heavy that whatever its cause video only crowds out sound.
    """
    found: list[float] = []
    if line.estimate is not None and line.estimate <= _NOT_NARROW * line.flowing:
        found.append(line.estimate)
    if line.loss >= _HOPELESS_LOSS and line.flowing > 0:
        found.append(line.flowing * (1 - line.loss))
    return int(min(found)) if found else None


def sender_limit(shares: Sequence[int | None], before: int = MAX_BITRATE) -> int:
    """Bit/s that a sender may use for sound and picture, asked once a second.

    A receiver estimates at most half more than what it gets: without an eighth of headroom the
    sender would stay where one bad moment has put it. Down at once, up by a tenth a second.

    Args:
        shares: what each receiver bears of its picture; None where nothing says that it is narrow.
        before: the last limit.
    """
    known = [share for share in shares if share is not None]
    widest = MAX_BITRATE if len(known) < len(shares) else max(known, default=MAX_BITRATE)
    followed = [share for share in known if share >= DECENT or 2 * share >= widest]
    allowed = [share + share // _HEADROOM + AUDIO_BITRATE for share in followed]
    return max(MIN_BITRATE, min([MAX_BITRATE, before + before // _CLIMB, *allowed]))


def is_narrow_for_sound(line: Line, now: float) -> bool:
    """Tell whether the second copy of sound is what fills this line.

    A low estimate that has not fallen lately only says that there was little to measure. A line that
    loses packets by chance needs the second copy most: only a loss that nothing gets through says more.
    """
    has_fallen = now - line.fell_at < _TRIAL_S
    seen = line if has_fallen else replace(line, estimate=None)
    borne = bearable(seen)
    return borne is not None and borne < REDUNDANCY_NEED


class Doubling:
    """Whether a receiver's sound may be carried twice. Ask `decide` several times a second.

    Not on a narrow line, once it has been narrow for longer than one report covers. Only a whole
    picture that has flowed for a while shows that there is room again; without one nothing is known,
    and nothing changes.
    """

    def __init__(self) -> None:
        self.allowed = True
        self._since = float("-inf")
        self._narrow_since: float | None = None

    def decide(self, is_narrow: bool, is_whole: bool, now: float) -> bool:
        """Give the answer from now on.

        Args:
            is_narrow: as `is_narrow_for_sound` says.
            is_whole: a whole picture is sent to it now.
        """
        if is_narrow:
            self._narrow_since = now if self._narrow_since is None else self._narrow_since
            self._since = now
            if now - self._narrow_since >= _DOUBT_S:
                self.allowed = False
            return self.allowed
        self._narrow_since = None
        if not is_whole:
            self._since = now
        elif now - self._since >= _TRIAL_S:
            self.allowed = True
        return self.allowed


class Thinning:
    """Decides for one picture at one receiver. Ask `decide` several times a second.

    Down after 3 s of overload: a sender that follows has come down by then. Up again on trial after
    10 s, and after twice as long each time that a trial fails, because nothing tells what a line
    bears but using it.
    """

    def __init__(self) -> None:
        self.step = Step.FULL
        self._since = float("-inf")
        self._overloaded_since: float | None = None
        self._hold_s = _FIRST_HOLD_S

    def decide(self, line: Line, share: int | None, source: float, limit: int, now: float) -> Step:
        """Give the step from now on.

        Args:
            line: of the receiver.
            share: what it bears of this picture, bit/s.
            source: what the picture takes, bit/s.
            limit: what its sender was told (`sender_limit`).
        """
        if self.step is Step.FULL:
            self._watch(line, share, source, limit, now)
        elif now - self._since >= self._hold_s:
            self._hold_s = min(2 * self._hold_s, _LONGEST_HOLD_S)
            self._move(Step.FULL, now)
        elif self.step is Step.STILLS and share is not None and share < STILLS_NEED:
            self.step = Step.NONE
        return self.step

    def _watch(self, line: Line, share: int | None, source: float, limit: int, now: float) -> None:
        on_trial = now - self._since < _TRIAL_S
        if not on_trial and now - self._since > 2 * self._hold_s:
            self._hold_s = _FIRST_HOLD_S
        needed = min(source, limit - AUDIO_BITRATE)
        if share is None or needed <= _OVERLOAD * share or not self._suffers(line, on_trial, now):
            self._overloaded_since = None
            return
        if self._overloaded_since is None:
            self._overloaded_since = now
        if on_trial or now - self._overloaded_since >= _PATIENCE_S:
            self._move(Step.STILLS if share >= STILLS_NEED else Step.NONE, now)

    def _suffers(self, line: Line, on_trial: bool, now: float) -> bool:
        """Whether a low estimate means something: one that climbs, slowly, from what the line was
        like before does not."""
        if line.loss >= _HOPELESS_LOSS:
            return True
        if not on_trial:
            return line.fell_at > line.rose_at
        stuck = line.rose_at < self._since and now - self._since >= _PATIENCE_S
        return line.fell_at > self._since or stuck

    def _move(self, step: Step, now: float) -> None:
        self.step = step
        self._since = now
        self._overloaded_since = None
