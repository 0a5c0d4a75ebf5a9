"""Synthetic people who come a second time, as a township officer writes them down: misheard, mistyped, moved.

The seed number gives the same people.  Names are put together from syllables; numbers belong to nobody.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from reception.domain.registration import Visitor
from tests.support.factories import an_id_number

SEED = 20260302
TOWNSHIPS = ("麦垄镇", "苇泊镇", "松岚镇", "桑陌镇", "石鹭镇", "荷渡镇", "云畦镇", "枫汀镇")
VILLAGES = ("上禾村", "柳岸村", "泉东村", "望坪村", "书田村", "砚池村", "回廊村", "麦场村")
_FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林罗高"
_GIVEN = "建国明华志强文军海燕春兰秀英永福玉梅桂芳立新长河德胜金生庆丰淑珍"
# Characters that are read the same, or that a dialect of the plain does not tell apart.
_HOMOPHONES = dict(
    zip(
        "王李张刘陈杨周吴徐孙朱胡何林罗建国明华志强文军海春兰秀英永玉梅桂芳立新长德胜金生庆丰淑珍燕",
        "汪里章柳程阳邹武许笋祝湖河凌骆健果铭桦治墙闻君骇椿岚绣瑛勇郁枚贵方利欣常得圣今声磬峰叔真艳",
        strict=True,
    )
)
_SLIPS = "甲乙丙丁戊己庚辛壬癸"  # what a wrong key leaves behind

# First telling, second telling.
_MATTERS = (
    ("{place}的水渠去年塌了一段，报了三次没有人来修。", "水渠还没有修好，和去年塌的时候一样，报了没有人来。"),
    ("{place}宅基地审批名单没有公示，有房的人还批了一处。", "上次说的宅基地审批名单，到现在还是没有公示。"),
    ("{place}低保评议没有开会，名单直接贴了出来。", "低保名单的评议会议记录还没有给我们看，名单是直接贴的。"),
    ("{place}村道硬化只修了一半，工程款去向没有说明。", "村道硬化剩下的一半没有修，工程款也没有说明。"),
    ("{place}机动地发包没有经过村民会议，承包费多年没有变。", "机动地的承包费还是没有变，村民会议也没有开。"),
    ("{place}危房改造补助报了两年没有批，邻居都批了。", "危房改造补助还没有批下来，已经报了两年。"),
    ("{place}的饮水井泵坏了半年，村里说没有钱换。", "饮水井的泵还没有换，坏了半年多了。"),
    ("{place}养老金少算了三年工龄，窗口让回村里开证明。", "养老金的工龄证明开了，少算的三年还没有补。"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Telling:
    """A visit: who came, from where, and what it was about."""

    visitor: Visitor
    township: str
    summary: str


@dataclass(frozen=True, slots=True)
class Returning:
    """One person's first and second visit; `change` says what happened to the second."""

    first: Telling
    second: Telling
    change: str


def people(count: int, seed: int = SEED) -> list[Returning]:
    """Return so many people, each with a first visit and a second one; some share a name with another."""
    dice = random.Random(seed)
    return list(_people(dice, count))


def _people(dice: random.Random, count: int) -> Iterator[Returning]:
    changes = (
        ["same"] * 2
        + ["homophone"] * 4
        + ["typo"] * 3
        + ["moved_phone"] * 3
        + ["no_address"] * 2
        + ["both"] * 2
    )
    shared: list[str] = []
    for serial in range(count):
        # Every fifth has the name of somebody before.
        name = dice.choice(shared) if shared and serial % 5 == 4 else _name(dice)
        shared.append(name)
        first = _first(dice, serial, name)
        change = changes[serial % len(changes)]
        yield Returning(first, _second(dice, serial, first, change), change)


def _name(dice: random.Random) -> str:
    given = dice.sample(_GIVEN, 1 if dice.random() < 0.15 else 2)
    return dice.choice(_FAMILY) + "".join(given)


def _first(dice: random.Random, serial: int, name: str) -> Telling:
    township, village = dice.choice(TOWNSHIPS), dice.choice(VILLAGES)
    born = date(1950, 1, 1) + timedelta(days=dice.randrange(50 * 365))
    visitor = Visitor(
        name,
        an_id_number(serial % 1000, born),
        f"1380000{serial:04d}",
        f"青禾县{township}{village}{dice.randint(1, 9)}组",
    )
    told, _ = _MATTERS[serial % len(_MATTERS)]
    return Telling(visitor, township, told.format(place=village))


def _second(dice: random.Random, serial: int, first: Telling, change: str) -> Telling:
    """Let the person come back: a third brings the identity card, the others are named without it."""
    was = first.visitor
    visitor = replace(was, id_number=was.id_number if serial % 3 == 0 else "", address=was.address[3:-2])
    if change in ("homophone", "both"):
        visitor = replace(visitor, name=_misheard(dice, was.name))
    if change == "typo":
        visitor = replace(visitor, name=_mistyped(dice, was.name))
    if change in ("moved_phone", "homophone", "both"):
        visitor = replace(visitor, phone=f"1380000{9999 - serial:04d}")
    if change in ("no_address", "both"):
        visitor = replace(visitor, address="")
    _, again = _MATTERS[serial % len(_MATTERS)]
    return Telling(visitor, first.township, again)


def _misheard(dice: random.Random, name: str) -> str:
    at = dice.randrange(len(name))
    return name[:at] + _HOMOPHONES.get(name[at], name[at]) + name[at + 1 :]


def _mistyped(dice: random.Random, name: str) -> str:
    at = dice.randrange(1, len(name))
    return name[:at] + dice.choice(_SLIPS) + name[at + 1 :]
