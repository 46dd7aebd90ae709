"""ECIF, the customer register: GB18030 CSV, keyed by customer number, capital in 万元."""

from functools import partial

import numpy as np
import polars as pl

from yujing.bank.events import COURT_TYPES
from yujing.bank.files import SourceTable, day_text, known_by_today, stamp_text, wan_text
from yujing.bank.names import PLACES, TRADES
from yujing.bank.ownership import KINSHIPS
from yujing.bank.plan import Days, Ints, Texts
from yujing.bank.planting import Fault, Planter
from yujing.bank.world import World

_SIZES = np.array(["大型", "中型", "小型", "微型"], dtype=object)
_YES_NO = np.array(["否", "是"], dtype=object)
_TIME = "%Y/%m/%d %H:%M:%S"
_AFTER = np.array([2], dtype="timedelta64[D]")  # what hangs on a customer is recorded after the customer
_LONG_PHONES = (
    60_000_000,
    39_999_999,
)  # lowest number and how many, of eight digits: a large bank has more firms than seven tell apart
_Csv = partial(SourceTable, encoding="gb18030")


def export_customers(world: World, planter: Planter) -> list[SourceTable]:
    """Firms with their changes, persons, contacts, kin, controllers as filed, groups."""
    firms = planter.plant(
        _Csv("ecif/对公客户.csv", _firm_states(world)),
        Fault("wrong_check_digit", 0.004, ("统一社会信用代码",)),
        Fault("text_in_number", 0.003, ("注册资本(万元)",), "未提供"),
        Fault("unknown_word", 0.002, ("企业规模",)),
        Fault("exact_copy", 0.004),
        Fault("full_width", 0.006, ("注册资本(万元)",)),
        Fault("stray_spaces", 0.01, ("客户名称",)),
        Fault("thousand_separators", 0.006, ("注册资本(万元)",)),
    )
    persons = planter.plant(
        _Csv("ecif/对私客户.csv", _persons(world)), Fault("exact_copy", 0.003), Fault("missing_key", 0.002, ("客户号",))
    )
    contacts = planter.plant(
        _Csv("ecif/联络方式.csv", _contacts(world)), Fault("exact_copy", 0.003), Fault("stray_spaces", 0.005, ("内容",))
    )
    return [
        firms,
        persons,
        contacts,
        _Csv("ecif/亲属关系.csv", _kin(world)),
        _Csv("ecif/实际控制人.csv", _controllers(world)),
        _Csv("ecif/集团客户.csv", _groups(world)),
    ]


def customer_since(world: World) -> Days:
    """The day on which each firm became a customer: before the first note of any was drawn."""
    firms = world.society.firms
    early = world.plan.rng("customer since").integers(0, 2000, firms.count).astype("timedelta64[D]")
    return np.asarray(np.maximum(firms.established, np.datetime64("2019-10-31") - early) + np.timedelta64(45, "D"))


def _firm_states(world: World) -> pl.DataFrame:
    """The first state of every customer, a new officer for some, and what became of the failed."""
    plan, firms, rng = world.plan, world.society.firms, world.plan.rng("ecif")
    court = world.reports.court
    customers = np.flatnonzero(firms.customer != "")
    moved = rng.permutation(customers)[: len(customers) // 9]
    bankrupt = court.firm[court.kind == COURT_TYPES.index("bankruptcy_petition")]
    idle = np.flatnonzero((world.distress.failed + 10 < plan.months) & (rng.random(firms.count) < 0.5) & (firms.customer != ""))
    idle, bankrupt = np.setdiff1d(idle, bankrupt), np.intersect1d(bankrupt, customers)
    late_day = plan.month_start(np.minimum(world.distress.failed + 10, plan.months)) + np.timedelta64(4, "D")
    moved = np.setdiff1d(moved, np.union1d(idle, bankrupt))
    move_day = plan.month_start(rng.integers(1, plan.months, firms.count)) + rng.integers(0, 28, firms.count).astype(
        "timedelta64[D]"
    )
    court_day = np.full(firms.count, np.datetime64("2099-01-01"))
    court_day[court.firm] = court.published_on
    firm = np.concatenate([customers, moved, idle, bankrupt])
    status = np.repeat(
        np.array(["存续", "存续", "停业", "破产"], dtype=object), [len(customers), len(moved), len(idle), len(bankrupt)]
    )
    day: Days = np.concatenate([customer_since(world)[customers], move_day[moved], late_day[idle], court_day[bankrupt]])
    officer = firms.officer[firm] + 0
    officer[len(customers) : len(customers) + len(moved)] += 1
    recorded: Days = day + np.timedelta64(1, "D")
    frame = pl.DataFrame(
        {
            "客户号": firms.customer[firm],
            "客户名称": firms.name[firm],
            "统一社会信用代码": firms.code[firm],
            "企业规模": _SIZES[firms.size[firm]],
            "行业代码": np.array([t.code for t in TRADES], dtype=object)[firms.trade[firm]],
            "行政区划": pl.Series(firms.code[firm].astype(str)).str.slice(2, 6),
            "注册资本(万元)": wan_text(firms.capital_fen[firm]),
            "成立日期": day_text(firms.established[firm]),
            "国有标志": _YES_NO[firms.state_owned[firm].astype(int)],
            "上市标志": _YES_NO[firms.listed[firm].astype(int)],
            "经营状态": status,
            "经办机构": pl.Series(firms.branch[firm]).cast(pl.String).str.zfill(3).map_elements(lambda b: f"B{b}", pl.String),
            "客户经理": pl.Series(officer).cast(pl.String).str.zfill(4).map_elements(lambda o: f"U{o}", pl.String),
            "生效日期": day_text(day),
            "登记时间": stamp_text(rng, recorded, _TIME),
        }
    )
    return known_by_today(plan, frame, recorded)


def _persons(world: World) -> pl.DataFrame:
    persons, rng = world.society.persons, world.plan.rng("ecif persons")
    known = np.flatnonzero(persons.customer != "")
    since = np.datetime64(world.plan.first_day) - rng.integers(1300, 3000, len(known)).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "客户号": persons.customer[known],
            "姓名": persons.name[known],
            "证件类型": np.full(len(known), "居民身份证", dtype=object),
            "证件号码": persons.id_number[known],
            "登记时间": stamp_text(rng, since, _TIME),
        }
    )


def contacts_of(world: World) -> tuple[Texts, Texts]:
    """Address and phone of every firm: groups often share an address, controllers a phone, small firms an incubator."""
    return _addresses_and_phones(world, world.plan.rng("contacts"))


def _addresses_and_phones(world: World, rng: np.random.Generator) -> tuple[Texts, Texts]:
    firms, own = world.society.firms, world.society.ownership
    every = np.arange(firms.count)
    with_head = rng.random(firms.count) < 0.5
    door = np.where(with_head, own.group, every)
    incubated = (firms.size == 3) & (rng.random(firms.count) < 0.08)
    door = np.where(incubated, firms.count + rng.integers(0, max(1, firms.count // 150), firms.count), door)
    phone = np.where((own.controller >= 0) & (rng.random(firms.count) < 0.35), firms.count + own.controller, every)
    phone[world.society.cast.drawdown_payee] = phone[world.society.cast.drawdown_borrower]
    block, lowest, span = ("", 6_000_000, 3_999_999) if world.plan.block is None else (f"{world.plan.society + 1}幢", *_LONG_PHONES)
    phone += 4 * world.plan.first("ends")
    streets = ("泽兰路", "青圃大道", "望澜街", "石坡路", "产业园一路")
    addresses = [
        f"{PLACES[firms.place[f] if d < firms.count else 0]}市{streets[d % 5]}{d * 7 % 997 + 1}号{block}"
        for f, d in zip(every, door, strict=True)
    ]
    phones = [f"0999-{lowest + int(p) * 37 % span:07d}" for p in phone]
    return np.array(addresses, dtype=object), np.array(phones, dtype=object)


def _contacts(world: World) -> pl.DataFrame:
    firms, rng = world.society.firms, world.plan.rng("contacts")
    addresses, phones = _addresses_and_phones(world, rng)
    customers = np.flatnonzero(firms.customer != "")
    both = np.concatenate([customers, customers])
    since = customer_since(world)[both]
    return pl.DataFrame(
        {
            "客户号": firms.customer[both],
            "联络类型": np.repeat(np.array(["经营地址", "联系电话"], dtype=object), len(customers)),
            "内容": np.concatenate([addresses[customers], phones[customers]]),
            "生效日期": day_text(since),
            "登记时间": stamp_text(rng, since + _AFTER, _TIME),
        }
    )


def _kin(world: World) -> pl.DataFrame:
    kin, persons, rng = world.society.ownership.kin, world.society.persons, world.plan.rng("kin dates")
    names, degrees = (np.array(part, dtype=object) for part in zip(*KINSHIPS, strict=True))
    day = _before(world, rng, len(kin.first))
    return pl.DataFrame(
        {
            "证件号码": persons.id_number[kin.first],
            "关系人证件号码": persons.id_number[kin.second],
            "亲属关系": names[kin.kind],
            "亲等": degrees[kin.kind].astype(str),
            "登记时间": stamp_text(rng, day, _TIME),
        }
    )


def _controllers(world: World) -> pl.DataFrame:
    """What the bank has on file: most controllers, not all."""
    firms, own, rng = world.society.firms, world.society.ownership, world.plan.rng("filed control")
    filed = np.flatnonzero((firms.customer != "") & (own.controller >= 0) & (rng.random(firms.count) < 0.72))
    basis: Texts = rng.choice(np.array(["持股", "协议", "实际经营"], dtype=object), len(filed))
    return pl.DataFrame(
        {
            "客户号": firms.customer[filed],
            "实际控制人证件号码": world.society.persons.id_number[own.controller[filed]],
            "控制依据": basis,
            "生效日期": day_text(customer_since(world)[filed]),
            "登记时间": stamp_text(rng, customer_since(world)[filed] + _AFTER, _TIME),
        }
    )


def _groups(world: World) -> pl.DataFrame:
    """Groups of two customers and more that somebody filed; the unfiled ones are for the graph to find."""
    firms, own, rng = world.society.firms, world.society.ownership, world.plan.rng("groups")
    customers = np.flatnonzero(firms.customer != "")
    sizes: Ints = np.bincount(own.group[customers], minlength=firms.count)
    member = customers[(sizes[own.group[customers]] >= 2) & own.filed[own.group[customers]]]
    top = own.group[member]
    day = _before(world, rng, firms.count)[top]
    return pl.DataFrame(
        {
            "集团编号": [f"G{t:06d}" for t in top + world.plan.first("firms")],
            "集团名称": [f"{firms.name[t].removesuffix('股份有限公司').removesuffix('有限公司')}集团" for t in top],
            "成员客户号": firms.customer[member],
            "成员角色": np.where(member == top, "母公司", "成员企业").astype(object),
            "生效日期": day_text(day),
            "登记时间": stamp_text(rng, day, _TIME),
        }
    )


def _before(world: World, rng: np.random.Generator, count: int) -> Days:
    return np.asarray(np.datetime64(world.plan.first_day) - rng.integers(30, 1000, count).astype("timedelta64[D]"))
