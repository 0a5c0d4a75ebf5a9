"""The county 青禾县: its units, rooms and staff.  Invented throughout.  No IO."""

from collections.abc import Iterator
from dataclasses import dataclass

from reception.demo.names import Names, fixed_id
from reception.domain.ids import PersonId, PlaceId
from reception.domain.roles import Role


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the county; `parent` None for the county itself."""

    id: str
    key: str
    parent: str | None
    kind: str
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Room:
    """A township room."""

    id: PlaceId
    code: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff; only those with an account can sign in."""

    id: PersonId
    username: str
    name: str
    post: str
    unit: str
    role: Role
    has_account: bool


@dataclass(frozen=True, slots=True)
class County:
    """Everything that does not change from day to day."""

    units: tuple[Unit, ...]
    rooms: tuple[Room, ...]
    staff: tuple[Staff, ...]

    def unit(self, key: str) -> Unit:
        """Return a unit by its key."""
        return next(unit for unit in self.units if unit.key == key)

    def account(self, username: str) -> Staff:
        """Return a member of staff by user name."""
        return next(person for person in self.staff if person.username == username)

    def staff_of(self, unit: str, role: Role) -> list[Staff]:
        """Return who holds a role in a unit."""
        return [person for person in self.staff if person.unit == unit and person.role is role]


COUNTY_NAME = "青禾县"

_COMMISSION = (
    ("petition-office", "section", "信访室"),
    ("section-conduct", "section", "党风政风监督室"),
    ("section-control", "section", "案件监督管理室"),
    ("section-supervision-1", "section", "第一监督检查室"),
    ("section-supervision-2", "section", "第二监督检查室"),
    ("section-investigation", "section", "第三审查调查室"),
    ("section-review", "section", "案件审理室"),
    ("group-1", "group", "派驻第一纪检监察组"),
    ("group-2", "group", "派驻第二纪检监察组"),
    ("group-3", "group", "派驻第三纪检监察组"),
)
_DEPARTMENTS = (
    ("petitions", "信访局"),
    ("hotline", "12345政务服务便民热线受理中心"),
    ("land", "自然资源局"),
    ("agriculture", "农业农村局"),
    ("approval", "行政审批服务局"),
    ("education", "教育和体育局"),
    ("housing", "住房和城乡建设局"),
    ("labour", "人力资源和社会保障局"),
    ("civil-affairs", "民政局"),
    ("health", "卫生健康局"),
    ("water", "水利局"),
    ("transport", "交通运输局"),
    ("enforcement", "综合行政执法局"),
    ("insurance", "医疗保障局"),
)
_AREAS = (
    ("area-east", "东片区"),
    ("area-south", "南片区"),
    ("area-west", "西片区"),
    ("area-north", "北片区"),
)
TOWNSHIPS = (
    ("mailong", "麦垄镇", "area-east"),
    ("weibo", "苇泊镇", "area-east"),
    ("songlan", "松岚镇", "area-north"),
    ("sangmo", "桑陌镇", "area-south"),
    ("shilu", "石鹭镇", "area-north"),
    ("yandi", "燕堤镇", "area-east"),
    ("yunqi", "云畦镇", "area-south"),
    ("hedu", "荷渡镇", "area-west"),
    ("xingyan", "杏堰镇", "area-west"),
    ("fengting", "枫汀镇", "area-west"),
    ("zhuyan", "竹晏乡", "area-north"),
    ("luying", "芦影乡", "area-south"),
    ("hesui", "禾穗街道", "area-east"),
    ("chengtang", "澄塘街道", "area-south"),
)
_TWO_ROOMS = ("mailong", "sangmo", "hedu", "hesui")

# user name, name, post, unit, role
ACCOUNTS = (
    ("duty1", "沈禾清", "值班接访员", "petition-office", Role.COUNTY_DUTY_OFFICER),
    ("duty2", "罗启程", "值班接访员", "petition-office", Role.COUNTY_DUTY_OFFICER),
    ("office1", "方静雯", "信访室干部", "petition-office", Role.PETITION_OFFICE),
    ("director1", "顾长河", "第二监督检查室主任", "section-supervision-2", Role.SECTION_DIRECTOR),
    ("leader1", "姚敬之", "县纪委副书记", "commission", Role.BRANCH_LEADER),
    ("principal1", "程望山", "县纪委书记", "commission", Role.MAIN_LEADER),
    ("township1", "田晓穗", "乡镇纪检监察干部", "mailong", Role.TOWNSHIP_OFFICER),
    ("township2", "许柏松", "乡镇纪检监察干部", "weibo", Role.TOWNSHIP_OFFICER),
    ("liaison-agriculture", "秦麦冬", "联络员", "agriculture", Role.DEPARTMENT_LIAISON),
    ("liaison-land", "石砚平", "联络员", "land", Role.DEPARTMENT_LIAISON),
    ("sysadmin", "卫一苇", "系统管理员", "commission", Role.SYS_ADMIN),
    ("secadmin", "温若谷", "安全保密管理员", "commission", Role.SECURITY_ADMIN),
    ("auditadmin", "苗守正", "安全审计员", "commission", Role.AUDIT_ADMIN),
)
_DIRECTORS = (
    ("section-conduct", "党风政风监督室主任"),
    ("section-control", "案件监督管理室主任"),
    ("section-supervision-1", "第一监督检查室主任"),
    ("section-investigation", "第三审查调查室主任"),
    ("section-review", "案件审理室主任"),
    ("group-1", "派驻第一纪检监察组组长"),
    ("group-2", "派驻第二纪检监察组组长"),
    ("group-3", "派驻第三纪检监察组组长"),
)


def county_of(seed_number: int) -> County:
    """Make the county that belongs to a seed number."""
    units = tuple(_units(seed_number))
    return County(
        units=units,
        rooms=tuple(_rooms(seed_number, {unit.key: unit for unit in units})),
        staff=tuple(_staff(seed_number, {unit.key: unit.id for unit in units})),
    )


def _units(seed_number: int) -> Iterator[Unit]:
    rows: list[tuple[str, str | None, str, str]] = [
        ("county", None, "county", COUNTY_NAME),
        ("commission", "county", "commission", "县纪委监委"),
        *((key, "commission", kind, name) for key, kind, name in _COMMISSION),
        *((key, "county", "area", name) for key, name in _AREAS),
        *((key, area, "township", name) for key, name, area in TOWNSHIPS),
        *((key, "county", "department", name) for key, name in _DEPARTMENTS),
    ]
    for position, (key, parent, kind, name) in enumerate(rows):
        parent_id = fixed_id(seed_number, "unit", parent) if parent else None
        yield Unit(fixed_id(seed_number, "unit", key), key, parent_id, kind, name, position)


def _rooms(seed_number: int, units: dict[str, Unit]) -> Iterator[Room]:
    """Number the first room of every township QH01 to QH14, further rooms from QH15."""
    rows = [(key, f"{units[key].name}接访室") for key, _, _ in TOWNSHIPS]
    rows += [(key, f"{units[key].name}第二接访室") for key in _TWO_ROOMS]
    for number, (key, name) in enumerate(rows, start=1):
        code = f"QH{number:02d}"
        yield Room(PlaceId(fixed_id(seed_number, "room", code)), code, name, units[key].id)


def _staff(seed_number: int, units: dict[str, str]) -> Iterator[Staff]:
    names = Names(seed_number, "staff", taken=frozenset(name for _, name, *_ in ACCOUNTS))

    def person(username: str, name: str, post: str, unit: str, role: Role, *, has_account: bool) -> Staff:
        ident = PersonId(fixed_id(seed_number, "person", username))
        return Staff(ident, username, name, post, units[unit], role, has_account)

    for username, name, post, unit, role in ACCOUNTS:
        yield person(username, name, post, unit, role, has_account=True)
    counts: dict[str, int] = {}
    for unit, post, role in _further_posts():
        counts[unit] = counts.get(unit, 0) + 1
        username = f"{unit}-staff{counts[unit]}"
        yield person(username, names.next(), post, unit, role, has_account=False)


def _further_posts() -> Iterator[tuple[str, str, Role]]:
    """Name the posts beside the accounts, so that every unit has somebody to choose."""
    yield "petition-office", "信访室主任", Role.PETITION_OFFICE
    yield "commission", "县纪委常委", Role.BRANCH_LEADER
    for unit, post in _DIRECTORS:
        yield unit, post, Role.SECTION_DIRECTOR
    held = {unit for _, _, _, unit, _ in ACCOUNTS}
    for unit, name, _ in TOWNSHIPS:
        head = "纪工委书记" if name.endswith("街道") else "纪委书记"
        yield unit, f"{name}{head}", Role.TOWNSHIP_OFFICER
        if unit not in held:
            yield unit, "乡镇纪检监察干部", Role.TOWNSHIP_OFFICER
    for unit, _ in _DEPARTMENTS:
        if unit not in held:
            yield unit, "联络员", Role.DEPARTMENT_LIAISON
    # Somebody to take turns with, and to swap with.
    for unit, _ in _DEPARTMENTS:
        yield unit, "备班联络员", Role.DEPARTMENT_LIAISON
