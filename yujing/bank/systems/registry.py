"""The commercial register as a data vendor delivers it: one workbook, keyed by credit code, shares in percent."""

import numpy as np
import polars as pl

from yujing.bank.files import SourceTable, day_text, percent_text, stamp_text, wan_text
from yujing.bank.names import TRADES
from yujing.bank.plan import Days
from yujing.bank.planting import Fault, Planter
from yujing.bank.world import World

_LISTED = np.array([9], dtype="timedelta64[D]")  # the vendor has a firm nine days after it is set up, its people later
_BOOK = "registry/工商信息.xlsx"
_TITLES = np.array(["法定代表人", "董事", "监事", "经理", "财务负责人"], dtype=object)


def export_registry(world: World, planter: Planter) -> list[SourceTable]:
    """Firms, shareholders that are firms, shareholders that are persons, officers, acting in concert."""
    by_firm, by_person = _shareholders(world)
    return [
        planter.plant(
            SourceTable(_BOOK, _firms(world), sheet="企业信息"),
            Fault("wrong_check_digit", 0.004, ("统一社会信用代码",)),
            Fault("exact_copy", 0.004),
        ),
        planter.plant(
            SourceTable(_BOOK, by_firm, sheet="法人股东"),
            Fault("own_shares", 0.006, ("企业信用代码", "股东信用代码")),
            Fault("share_over_one", 0.006, ("持股比例(%)",)),
            Fault("exact_copy", 0.006),
        ),
        planter.plant(
            SourceTable(_BOOK, by_person, sheet="自然人股东"),
            Fault("share_over_one", 0.003, ("持股比例(%)",)),
            Fault("share_as_fraction", 0.004, ("持股比例(%)",)),
            Fault("text_in_number", 0.003, ("持股比例(%)",), "详见章程"),
            Fault("exact_copy", 0.004),
            Fault("full_width", 0.005, ("持股比例(%)",)),
        ),
        planter.plant(
            SourceTable(_BOOK, _officers(world), sheet="主要人员"),
            Fault("unknown_word", 0.002, ("职务",)),
            Fault("exact_copy", 0.003),
        ),
        SourceTable(_BOOK, _concert(world), sheet="一致行动人"),
    ]


def fetched_on(world: World, count: int, part: str) -> Days:
    """The days on which the vendor's rows came in, before the first month."""
    back = world.plan.rng(part).integers(20, 900, count)
    return np.asarray(np.datetime64(world.plan.first_day) - back.astype("timedelta64[D]"))


def _firms(world: World) -> pl.DataFrame:
    firms, here = world.society.firms, slice(world.plan.firms)
    return pl.DataFrame(
        {
            "统一社会信用代码": firms.code[here],
            "企业名称": firms.name[here],
            "行业代码": np.array([t.code for t in TRADES], dtype=object)[firms.trade[here]],
            "注册资本(万元)": wan_text(firms.capital_fen[here]),
            "成立日期": day_text(firms.established[here], "%Y.%-m.%-d"),
            "获取时间": stamp_text(world.plan.rng("registry"), firms.established[here] + _LISTED),
        }
    )


def _shareholders(world: World) -> tuple[pl.DataFrame, pl.DataFrame]:
    firms, persons, holdings = world.society.firms, world.society.persons, world.society.ownership.holdings
    rng = world.plan.rng("registry shares")
    count = len(holdings.firm)
    voting = np.where(rng.random(len(holdings.firm)) < 0.04, np.minimum(1.0, holdings.share + 0.1), holdings.share)
    frame = pl.DataFrame(
        {
            "企业信用代码": firms.code[holdings.firm],
            "企业名称": firms.name[holdings.firm],
            "股东": np.where(
                holdings.by_firm,
                firms.code[np.where(holdings.by_firm, holdings.holder, 0)],
                persons.id_number[np.where(holdings.by_firm, 0, holdings.holder)],
            ),
            "股东名称": np.where(
                holdings.by_firm,
                firms.name[np.where(holdings.by_firm, holdings.holder, 0)],
                persons.name[np.where(holdings.by_firm, 0, holdings.holder)],
            ),
            "持股比例(%)": percent_text(holdings.share),
            "表决权比例(%)": percent_text(voting),
            "实缴(万元)": wan_text((firms.capital_fen[holdings.firm] * holdings.share // 100 * 100).astype(np.int64)),
            "生效日期": day_text(holdings.since, "%Y.%-m.%-d"),
            "获取时间": stamp_text(rng, holdings.since + 2 * _LISTED),
        }
    )
    sold = np.sort(rng.permutation(count)[: count // 50])
    sold_on = world.plan.month_start(rng.integers(1, world.plan.months - 2, len(sold))) + np.timedelta64(9, "D")
    later = frame[sold.tolist()].with_columns(
        percent_text(holdings.share[sold] * 0.8).alias("持股比例(%)"),
        percent_text(voting[sold] * 0.8).alias("表决权比例(%)"),
        day_text(sold_on, "%Y.%-m.%-d").alias("生效日期"),
        stamp_text(rng, sold_on + np.timedelta64(25, "D")).alias("获取时间"),
    )
    frame = pl.concat([frame, later])
    by_firm = pl.Series(np.concatenate([holdings.by_firm, holdings.by_firm[sold]]))
    return (
        frame.filter(by_firm).rename({"股东": "股东信用代码"}),
        frame.filter(~by_firm).rename({"股东": "股东证件号码"}).drop("表决权比例(%)"),
    )


def _officers(world: World) -> pl.DataFrame:
    firms, persons, posts = world.society.firms, world.society.persons, world.society.ownership.posts
    rng = world.plan.rng("registry officers")
    since = firms.established[posts.firm] + rng.integers(0, 200, len(posts.firm)).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "企业信用代码": firms.code[posts.firm],
            "姓名": persons.name[posts.person],
            "证件号码": persons.id_number[posts.person],
            "职务": _TITLES[posts.role],
            "任职日期": day_text(since, "%Y.%-m.%-d"),
            "获取时间": stamp_text(rng, since + 2 * _LISTED),
        }
    )


def _concert(world: World) -> pl.DataFrame:
    concert, persons = world.society.ownership.concert, world.society.persons
    day = fetched_on(world, len(concert.first), "concert")
    return pl.DataFrame(
        {
            "证件号码": persons.id_number[concert.first],
            "一致行动人证件号码": persons.id_number[concert.second],
            "依据": np.full(len(day), "一致行动协议", dtype=object),
            "生效日期": day_text(day, "%Y.%-m.%-d"),
            "获取时间": stamp_text(world.plan.rng("concert times"), day),
        }
    )
