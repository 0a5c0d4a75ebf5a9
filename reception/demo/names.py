"""Fictional identities and ids that follow from the seed number.  No IO.

Nothing here can belong to anybody: the region code 999999 is not assigned to
any place, and telephone numbers start with 1380000.
"""

import base64
import hashlib
import random
from datetime import date, timedelta

from reception.domain.identity import check_digit
from reception.domain.registration import Visitor

REGION = "999999"
PHONE_PREFIX = "1380000"

_FAMILY = (
    "赵钱孙李周吴郑王冯陈褚蒋沈韩杨朱秦尤许何吕张孔曹严华金魏陶姜谢邹喻柏水窦章云苏潘葛范彭鲁"
    "韦马苗方俞任袁柳鲍史唐薛雷贺倪汤罗毕郝安常乐于傅卞齐康伍余元顾孟黄穆萧尹"
)
_GIVEN = (
    "安柏宝彬彩成诚春翠丹德栋恩芳飞凤福刚贵桂国海涵浩和荷恒红宏厚华辉惠慧吉佳建江杰洁金锦晶静"
    "娟军俊康兰岚乐磊丽莉连良林玲龙梅美敏明宁培平萍琪启强勤青清庆琴泉仁荣瑞森珊善尚生胜石淑树"
    "双顺思松素泰涛天田庭文武喜霞贤祥晓欣新兴秀旭雪亚延艳燕阳耀义英永勇友玉裕元远云泽长哲珍志"
    "忠竹"
)
_FAR_VILLAGES = [
    "上禾村",
    "下禾村",
    "柳岸村",
    "泉东村",
    "望坪村",
    "书田村",
    "砚池村",
    "回廊村",
    "南畦村",
    "北畦村",
    "麦场村",
    "石臼村",
]


def dice(seed_number: int, purpose: str) -> random.Random:
    """Return random numbers of their own for one purpose: a change to one part leaves the others alone."""
    # Repeatable on purpose; nothing here is secret.
    return random.Random(f"{seed_number}/{purpose}")  # noqa: S311


def fixed_id(seed_number: int, *parts: str) -> str:
    """Return an id in the shape of `domain.ids.new_id`, the same for the same parts."""
    digest = hashlib.sha256("/".join((str(seed_number), *parts)).encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


class Names:
    """Invented names, none twice."""

    def __init__(self, seed_number: int, purpose: str, taken: frozenset[str] = frozenset()) -> None:
        self._dice = dice(seed_number, purpose)
        self._taken = set(taken)

    def next(self) -> str:
        """Return a name that was not given before; of three characters, as short ones soon are somebody's."""
        while True:
            given = "".join(self._dice.sample(_GIVEN, 2))
            name = self._dice.choice(_FAMILY) + given
            if name not in self._taken:
                self._taken.add(name)
                return name


class Visitors:
    """Invented visitors with identity number, telephone and address; no number twice."""

    def __init__(self, seed_number: int) -> None:
        self._names = Names(seed_number, "visitors")
        self._dice = dice(seed_number, "identities")
        self._phones = self._dice.sample(range(10_000), 10_000)
        self._serial = 0

    def next(self, township: str, *, phone: bool = True, address: bool = True) -> Visitor:
        """Return somebody who lives in this township.

        Args:
            phone: a telephone number was given.
            address: an address was given.
        """
        self._serial += 1
        village = self._dice.choice(_FAR_VILLAGES)
        home = f"青禾县{township}{village}{self._dice.randint(1, 9)}组"
        return Visitor(
            name=self._names.next(),
            id_number=self._id_number(),
            phone=f"{PHONE_PREFIX}{self._phones.pop():04d}" if phone else "",
            address=home if address else "",
        )

    def _id_number(self) -> str:
        born = date(1944, 1, 1) + timedelta(days=self._dice.randrange(55 * 365))
        first_17 = f"{REGION}{born:%Y%m%d}{self._serial % 1000:03d}"
        return first_17 + check_digit(first_17)
