"""A supply-chain platform's register: firms under the platform's own numbers, spelt as each typed itself in, seldom with a code.

Most are customers of the bank whom nothing but name, address, phone, capital or people gives away: records that are one firm
with another, for entity resolution to propose. Some are new, a few of them named almost like a customer.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import opencc
import polars as pl

from yujing.bank.files import SourceTable, day_text, stamp_text, text_where, wan_text
from yujing.bank.names import PLACES, TRADES, firm_names
from yujing.bank.plan import FEN_PER_WAN, Bools, Ints, Texts
from yujing.bank.planting import Planter
from yujing.bank.systems.customers import contacts_of, customer_since
from yujing.bank.world import World

_KNOWN = 0.06  # of the customers, on the platform too
_NEW = 0.03  # of all firms, on the platform alone
_PATH = "platform/供应链平台企业.csv"
_TIME = "%Y/%m/%d %H:%M:%S"


def export_platform(world: World, planter: Planter) -> list[SourceTable]:
    """The platform's members; `true_duplicates` tells which of them are customers."""
    del planter  # what is wrong with this file is how names are written
    return [SourceTable(_PATH, _members(world), encoding="gb18030")]


def members_of(world: World) -> int:
    """How many members the platform has in this society."""
    return len(_known(world)) + _new_count(world)


def true_duplicates(world: World) -> pl.DataFrame:
    """`platform_number`, `uscc`, `customer` of each member that is a firm of the bank's world, and how its name was written."""
    firms, known = world.society.firms, _known(world)
    return pl.DataFrame(
        {
            "platform_number": _numbers(world)[: len(known)],
            "uscc": firms.code[known],
            "customer": firms.customer[known],
            "written": np.array([way.__name__.removeprefix("_") for way in _ways(world, len(known))], dtype=object),
            "code_told": _code_told(world, len(known)),
        }
    )


def _members(world: World) -> pl.DataFrame:
    plan, firms, rng = world.plan, world.society.firms, world.plan.rng("platform members")
    known, new = _known(world), _new_count(world)
    count = len(known) + new
    name = [way(str(firms.name[f]), str(PLACES[firms.place[f]])) for way, f in zip(_ways(world, len(known)), known, strict=True)]
    address, phone = contacts_of(world)
    own = np.arange(new) + world.plan.first("platform")
    told = rng.random((5, count)) < np.array([[0.75], [0.7], [0.6], [0.5], [0.45]])
    strangers = [f"{PLACES[int(p)]}市望澜街{1000 + k}号" for k, p in zip(own, rng.integers(0, len(PLACES), new), strict=True)]
    since = np.maximum(
        np.concatenate([customer_since(world)[known], np.full(new, np.datetime64(plan.first_day))]), np.datetime64("2021-01-01")
    )
    recorded = np.minimum(
        since + rng.integers(40, 900, count).astype("timedelta64[D]"), np.datetime64(plan.today) - np.timedelta64(30, "D")
    )
    code = np.concatenate([np.where(_code_told(world, len(known)), firms.code[known], ""), np.full(new, "")]).astype(object)
    frame = pl.DataFrame(
        {
            "平台编号": _numbers(world),
            "企业名称": [*name, *_new_names(world, known, new)],
            "统一社会信用代码": text_where(code != "", code),
            "经营地址": text_where(told[0], np.array([*address[known], *strangers], dtype=object)),
            "联系电话": text_where(
                told[1], np.array([*phone[known], *(f"0999-{1_000_000 + int(k):07d}" for k in own)], dtype=object)
            ),
            "注册资本(万元)": _where(told[2], wan_text(_capital(world, known, new, rng))),
            "成立日期": _where(
                told[3],
                day_text(np.concatenate([firms.established[known], np.full(new, np.datetime64("2020-05-06")) - own % 1800])),
            ),
            "法定代表人证件号码": text_where(told[4] & (_heads(world, known, new) != ""), _heads(world, known, new)),
            "入驻时间": stamp_text(rng, recorded, _TIME),
        }
    )
    return frame.select(pl.all().gather(rng.permutation(count).tolist()))


def _capital(world: World, known: Ints, new: int, rng: np.random.Generator) -> Ints:
    return np.concatenate([world.society.firms.capital_fen[known], rng.integers(1, 60, new) * 10 * FEN_PER_WAN])


def _where(told: Bools, text: pl.Series) -> pl.Series:
    return text.set(pl.Series(~told), None)


def _known(world: World) -> Ints:
    """Customers on the platform; the firms of the cases are spared."""
    firms, rng = world.society.firms, world.plan.rng("platform")
    customers = np.setdiff1d(np.flatnonzero(firms.customer[: world.plan.firms] != ""), [0, 1, *world.society.cast.everyone])
    return np.sort(rng.permutation(customers)[: max(3, int(_KNOWN * len(customers)))])


def _new_count(world: World) -> int:
    return max(2, int(_NEW * world.plan.firms))


def _numbers(world: World) -> Texts:
    first = 100_000 + world.plan.first("platform")
    return np.array([f"SCP{first + k}" for k in world.plan.rng("platform numbers").permutation(members_of(world))], dtype=object)


def _code_told(world: World, count: int) -> Bools:
    """One member in five gives its credit code; those need no proposal."""
    return np.asarray(world.plan.rng("platform codes").random(count) < 0.2)


def _heads(world: World, known: Ints, new: int) -> Texts:
    """Identity numbers of legal representatives; new firms have none that the bank knows."""
    posts, persons = world.society.ownership.posts, world.society.persons
    head = {
        int(firm): str(persons.id_number[person])
        for firm, person, role in zip(posts.firm, posts.person, posts.role, strict=True)
        if role == 0
    }
    return np.array([*(head.get(int(firm), "") for firm in known), *[""] * new], dtype=object)


def _new_names(world: World, known: Ints, new: int) -> list[str]:
    """New firms: a third of them bear the trade name of a customer, in another trade and place."""
    firms, rng = world.society.firms, world.plan.rng("platform strangers")
    place, trade = rng.integers(0, len(PLACES), new), rng.integers(0, len(TRADES), new)
    names = firm_names(replace(world.plan, block=None), rng, (place, trade, rng.random(new) < 0.05))
    namesakes = rng.choice(known, new)
    return [
        f"{PLACES[int(p)]}{_trade_name(str(firms.name[other]))}{TRADES[int(t)].words[0]}有限公司"
        if k % 3 == 0 and t != firms.trade[other] and p != firms.place[other]
        else name
        for k, (name, other, p, t) in enumerate(zip(names, namesakes, place, trade, strict=True))
    ]


def _trade_name(name: str) -> str:
    return name[2:4]


def _ways(world: World, count: int) -> list[Callable[[str, str], str]]:
    chosen = world.plan.rng("platform spellings").choice(len(_SPELLINGS), count)
    return [_SPELLINGS[int(k)] for k in chosen]


def _as_registered(name: str, _: str) -> str:
    return name


def _traditional(name: str, _: str) -> str:
    return str(opencc.OpenCC("s2t").convert(name))


def _place_in_brackets(name: str, place: str) -> str:
    form = "股份有限公司" if name.endswith("股份有限公司") else "有限公司"
    return f"{name.removeprefix(place).removesuffix(form)}（{place}）{form}"


def _with_city(name: str, place: str) -> str:
    return name.replace(place, place + "市", 1)


def _without_place(name: str, place: str) -> str:
    return name.removeprefix(place)


def _long_form(name: str, _: str) -> str:
    return name.replace("有限公司", "有限责任公司") if "股份" not in name else name


def _spaced(name: str, place: str) -> str:
    return f"{place}　{name.removeprefix(place)} "


def _without_form(name: str, _: str) -> str:
    return name.removesuffix("有限公司").removesuffix("股份")


def _without_trade(name: str, place: str) -> str:
    return f"{place}{_trade_name(name)}有限公司"


def _mistyped(name: str, _: str) -> str:
    """The last character of the trade name, replaced by one that sounds alike or not."""
    return name[:3] + "兴" + name[4:]


_SPELLINGS: tuple[Callable[[str, str], str], ...] = (
    _as_registered,
    _traditional,
    _place_in_brackets,
    _with_city,
    _without_place,
    _long_form,
    _spaced,
    _without_form,
    _without_trade,
    _mistyped,
)
