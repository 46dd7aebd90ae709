"""What others deliver: indicators and statements in workbooks, invoices, the bureau, courts and authorities as text."""

from functools import partial

import numpy as np
import polars as pl

from yujing.bank.codes import credit_codes
from yujing.bank.events import ADMIN_TYPES, COURT_TYPES, Happenings
from yujing.bank.files import (
    DAY_CHINESE,
    DAY_SLASH,
    SourceTable,
    day_text,
    known_by_today,
    number_text,
    stamp_text,
    text_where,
    wan_text,
    yuan_text,
)
from yujing.bank.names import BANK_NAME
from yujing.bank.plan import Days
from yujing.bank.planting import Fault, Planter
from yujing.bank.world import World

_Csv = partial(SourceTable, encoding="gb18030")
_COURT_WORDS = dict(zip(COURT_TYPES, ("执行", "查封扣押", "股权冻结", "限制高消费", "失信被执行人", "破产申请"), strict=True))
_ADMIN_WORDS = dict(zip(ADMIN_TYPES, ("行政处罚", "经营异常", "欠税公告", "环保处罚"), strict=True))
_WORST = np.array(["正常", "关注", "次级", "可疑", "损失"], dtype=object)
_FIGURES = {
    "total_assets_fen": "资产总计(万元)",
    "total_liabilities_fen": "负债合计(万元)",
    "net_assets_fen": "净资产(万元)",
    "current_assets_fen": "流动资产(万元)",
    "current_liabilities_fen": "流动负债(万元)",
    "cash_fen": "货币资金(万元)",
    "receivables_fen": "应收账款(万元)",
    "inventory_fen": "存货(万元)",
    "revenue_fen": "营业收入(万元)",
    "net_profit_fen": "净利润(万元)",
    "interest_expense_fen": "利息支出(万元)",
    "operating_cash_flow_fen": "经营现金流净额(万元)",
}


def export_outside(world: World, planter: Planter) -> list[SourceTable]:
    """Everything that is keyed by credit code, because those who deliver it know no customer numbers."""
    plant = planter.plant
    return [
        *(
            plant(
                SourceTable("outside/月度经营指标.xlsx", frame, sheet=year),
                Fault("text_in_number", 0.0006, ("社保人数",), "未申报"),
                Fault("wrong_check_digit", 0.0004, ("信用代码",)),
                Fault("exact_copy", 0.0008),
                Fault("full_width", 0.0005, ("纳税额(元)",)),
                Fault("late_correction", 0.0006, ("纳税额(元)", "采集时间")),
            )
            for year, frame in _indicators(world).items()
        ),
        plant(
            SourceTable("outside/财务报表.xlsx", _statements(world), sheet="季度报表"),
            Fault("text_in_number", 0.001, ("营业收入(万元)",), "——"),
            Fault("conflict", 0.0008, ("营业收入(万元)",)),
            Fault("exact_copy", 0.001),
            Fault("thousand_separators", 0.004, ("资产总计(万元)",)),
            Fault("late_correction", 0.002, ("营业收入(万元)", "收到时间")),
        ),
        plant(
            SourceTable("outside/发票.csv.gz", _invoices(world), encoding="utf-8"),
            Fault("self_loop", 0.0003, ("销方税号", "购方税号")),
            Fault("text_in_number", 0.0003, ("税额",), "免税"),
            Fault("exact_copy", 0.002),
            Fault("unknown_word", 0.0002, ("发票状态",), "异常"),
        ),
        plant(
            SourceTable("outside/征信.csv", _bureau(world)),
            Fault("text_in_number", 0.0004, ("他行余额",), "--"),
            Fault("exact_copy", 0.0006),
            Fault("conflict", 0.0003, ("他行余额",)),
        ),
        plant(
            _Csv("outside/涉诉案件.csv", _lawsuits(world)),
            Fault("exact_copy", 0.01),
            Fault("stray_spaces", 0.02, ("被告信用代码",)),
        ),
        plant(
            _Csv("outside/执行与失信.csv", _court(world)),
            Fault("exact_copy", 0.01),
            Fault("impossible_day", 0.005, ("日期",), "2023年13月1日"),
            Fault("wrong_check_digit", 0.005, ("信用代码",)),
        ),
        _Csv("outside/个人限制消费.csv", _restricted_persons(world)),
        plant(
            _Csv("outside/行政事件.csv", _authorities(world)),
            Fault("exact_copy", 0.01),
            Fault("unknown_word", 0.005, ("事件类型",)),
        ),
        SourceTable("outside/主要供销.csv", _supplies(world)),
        *([SourceTable("bank/资本净额.csv", _capital(world), encoding="utf-8-sig")] if world.plan.last else []),
    ]


def bank_code(world: World) -> str:
    """The credit code of the invented bank itself."""
    return credit_codes(world.plan.shared_rng("the bank itself"), np.array([199]))[0]


def _indicators(world: World) -> dict[str, pl.DataFrame]:
    """A sheet a year. Months arrive around the 15th of the next one."""
    plan, firms, seen = world.plan, world.society.firms, world.reports.indicators
    rng = plan.rng("indicator times")
    covered = np.flatnonzero((firms.customer != "") & (rng.random(firms.count) < 0.96))
    firm, month = np.repeat(covered, plan.months), np.tile(np.arange(plan.months), len(covered))
    start = plan.month_start(month)
    recorded = plan.month_start(month + 1) + rng.integers(11, 19, len(month)).astype("timedelta64[D]")
    frame = pl.DataFrame(
        {
            "信用代码": firms.code[firm],
            "月份": day_text(start, "%Y-%m"),
            "纳税额(元)": yuan_text(seen.tax_fen[firm, month].astype(np.int64)),
            "用电量(千瓦时)": number_text(seen.kwh[firm, month], 1),
            "社保人数": pl.Series(seen.heads[firm, month].astype(np.int64)).cast(pl.String),
            "开票收入(元)": yuan_text(seen.turnover_fen[firm, month].astype(np.int64)),
            "账户流入(元)": yuan_text(seen.inflow_fen[firm, month].astype(np.int64)),
            "日均存款(元)": yuan_text(seen.balance_fen[firm, month].astype(np.int64)),
            "采集时间": stamp_text(rng, recorded),
        }
    )
    frame = known_by_today(plan, frame, recorded)
    years = frame["月份"].str.slice(0, 4)
    return {year: frame.filter(years == year) for year in years.unique().sort().to_list()}


def _statements(world: World) -> pl.DataFrame:
    statements, firms = world.reports.statements, world.society.firms
    columns = {
        zh: wan_text(statements.figures[name] // 10_000 * 10_000) for name, zh in _FIGURES.items() if name != "net_assets_fen"
    }
    columns["净资产(万元)"] = wan_text(
        statements.figures["total_assets_fen"] // 10_000 * 10_000 - statements.figures["total_liabilities_fen"] // 10_000 * 10_000
    )
    return pl.DataFrame(
        {
            "信用代码": firms.code[statements.firm],
            "企业名称": firms.name[statements.firm],
            "报告期末": day_text(statements.period_end, DAY_SLASH),
            "是否审计": np.where(statements.audited, "是", "否").astype(object),
            **{zh: columns[zh] for zh in _FIGURES.values()},
            "收到时间": stamp_text(world.plan.rng("statement times"), statements.delivered_on),
        }
    )


def _invoices(world: World) -> pl.DataFrame:
    invoices, firms, rng = world.invoices, world.society.firms, world.plan.rng("invoice times")
    recorded = invoices.day + rng.integers(1, 9, len(invoices.day)).astype("timedelta64[D]")
    frame = pl.DataFrame(
        {
            "发票号码": pl.Series(np.arange(len(invoices.day)) + 20_000_000 + world.plan.first("invoices")).cast(pl.String),
            "开票日期": day_text(invoices.day, DAY_SLASH),
            "销方税号": firms.code[invoices.seller],
            "购方税号": firms.code[invoices.buyer],
            "金额": yuan_text(invoices.net_fen),
            "税额": yuan_text(invoices.tax_fen),
            "价税合计": yuan_text(invoices.net_fen + invoices.tax_fen),
            "发票状态": np.array(["有效", "作废", "红冲"], dtype=object)[invoices.state],
            "入库时间": stamp_text(rng, recorded),
        }
    )
    return known_by_today(world.plan, frame, recorded)


def _bureau(world: World) -> pl.DataFrame:
    """A report a borrower and month, on the 25th to the 27th, in hand the same day."""
    bureau, plan, firms = world.reports.bureau, world.plan, world.society.firms
    firm, month = np.repeat(bureau.firm, plan.months), np.tile(np.arange(plan.months), len(bureau.firm))
    rng = plan.rng("bureau times")
    day = plan.month_start(month) + rng.integers(24, 27, len(month)).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "信用代码": firms.code[firm],
            "报告日": day_text(day),
            "他行余额": yuan_text(bureau.balance_fen.ravel()),
            "他行逾期": yuan_text(bureau.overdue_fen.ravel()),
            "他行逾期90天以上": yuan_text(bureau.overdue_90_fen.ravel()),
            "他行最差分类": _WORST[bureau.worst.ravel()],
            "授信机构数": pl.Series(bureau.lenders.ravel()).cast(pl.String),
            "近六月审批查询": pl.Series(bureau.inquiries.ravel()).cast(pl.String),
            "近一年新增机构": pl.Series(bureau.new_lenders.ravel()).cast(pl.String),
            "查得时间": stamp_text(rng, day),
        }
    )


def _lawsuits(world: World) -> pl.DataFrame:
    """Each case as it was published, and once more when its end was."""
    suits, firms = world.reports.lawsuits, world.society.firms
    over = np.flatnonzero(~np.isnat(suits.closed_on))
    row = np.concatenate([np.arange(len(suits.number)), over])
    ended = np.repeat([False, True], [len(suits.number), len(over)])
    known, plaintiff = suits.plaintiff[row] >= 0, np.maximum(suits.plaintiff[row], 0)
    closed = np.where(ended, suits.closed_on[row], np.datetime64("NaT")).astype("datetime64[D]")
    published = np.where(ended, suits.closed_on[row] + np.timedelta64(30, "D"), suits.published_on[row])
    frame = pl.DataFrame(
        {
            "案号": suits.number[row],
            "案由": np.where(known, "买卖合同纠纷", "合同纠纷").astype(object),
            "原告": np.where(known, firms.name[plaintiff], "（未公开）"),
            "原告信用代码": text_where(known, firms.code[plaintiff]),
            "被告": firms.name[suits.defendant[row]],
            "被告信用代码": firms.code[suits.defendant[row]],
            "标的额": yuan_text(suits.amount_fen[row]),
            "阶段": np.where(ended, "结案", "立案").astype(object),
            "立案日期": day_text(suits.filed_on[row], DAY_CHINESE),
            "结案日期": day_text(closed, DAY_CHINESE),
            "公开时间": stamp_text(world.plan.rng("suit times"), published),
        }
    )
    return known_by_today(world.plan, frame, published)


def _happenings(world: World, happenings: Happenings, words: dict[str, str], part: str) -> pl.DataFrame:
    firms = world.society.firms
    frame = pl.DataFrame(
        {
            "名称": firms.name[happenings.firm],
            "信用代码": firms.code[happenings.firm],
            "事件类型": np.array(list(words.values()), dtype=object)[happenings.kind],
            "金额": yuan_text(happenings.amount_fen),
            "日期": day_text(happenings.day, DAY_CHINESE),
            "公开时间": stamp_text(world.plan.rng(part), happenings.published_on),
        }
    )
    return known_by_today(world.plan, frame, happenings.published_on)


def _court(world: World) -> pl.DataFrame:
    frame = _happenings(world, world.reports.court, _COURT_WORDS, "court times")
    first = world.plan.first("court")
    days = enumerate(frame["日期"].to_list(), first + 1)
    numbers = pl.Series([f"（{day[:4]}）澄01执{k:05d}号" for k, day in days], dtype=pl.String)
    return frame.insert_column(0, numbers.alias("案号"))


def _restricted_persons(world: World) -> pl.DataFrame:
    """With a firm's restriction comes that of the person who controls it."""
    court, persons = world.reports.court, world.society.persons
    behind = world.society.ownership.controller[court.firm]
    rows = np.flatnonzero((court.kind == COURT_TYPES.index("consumption_limit")) & (behind >= 0))
    frame = pl.DataFrame(
        {
            "案号": [f"（限）澄01执恢{world.plan.first('court') + k + 1:05d}号" for k in range(len(rows))],
            "姓名": persons.name[behind[rows]],
            "证件号码": persons.id_number[behind[rows]],
            "日期": day_text(court.day[rows], DAY_CHINESE),
            "公开时间": stamp_text(world.plan.rng("restriction times"), court.published_on[rows]),
        },
        schema={"案号": pl.String, "姓名": pl.String, "证件号码": pl.String, "日期": pl.String, "公开时间": pl.String},
    )
    return known_by_today(world.plan, frame, court.published_on[rows])


def _authorities(world: World) -> pl.DataFrame:
    return _happenings(world, world.reports.authorities, _ADMIN_WORDS, "authority times")


def _supplies(world: World) -> pl.DataFrame:
    """Lasting trades as credit officers noted them: those that matter to one side."""
    supplies, firms, rng = world.society.supplies, world.society.firms, world.plan.rng("supply notes")
    kept = np.flatnonzero((supplies.sales_share > 0.05) | (supplies.purchase_share > 0.05))
    day: Days = np.datetime64(world.plan.first_day) - rng.integers(10, 700, len(kept)).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "供方信用代码": firms.code[supplies.seller[kept]],
            "购方信用代码": firms.code[supplies.buyer[kept]],
            "年交易额(万元)": wan_text((supplies.annual_fen[kept] // 10_000 * 10_000).astype(np.int64)),
            "占供方销售(%)": number_text(supplies.sales_share[kept] * 100),
            "占购方采购(%)": number_text(np.minimum(1.0, supplies.purchase_share[kept]) * 100),
            "生效日期": day_text(day),
            "登记时间": stamp_text(rng, day),
        }
    )


def _capital(world: World) -> pl.DataFrame:
    """The bank's capital a quarter, about 11% of what it has lent."""
    plan = world.plan
    quarters = np.arange(-1, plan.months, 3)
    lent = float(plan.first("lent_fen") + world.society.limit_fen[: plan.firms].sum())
    tier1 = (lent * 0.105 * 1.01 ** np.arange(len(quarters)) // 1_000_000 * 1_000_000).astype(np.int64)
    day = plan.month_end(quarters)
    recorded = day + np.timedelta64(20, "D")
    frame = pl.DataFrame(
        {
            "机构名称": np.full(len(day), BANK_NAME, dtype=object),
            "统一社会信用代码": np.full(len(day), bank_code(world), dtype=object),
            "日期": day_text(day),
            "资本净额(万元)": wan_text(tier1 * 125 // 100_000_000 * 1_000_000),
            "一级资本净额(万元)": wan_text(tier1),
            "报送时间": stamp_text(plan.rng("capital times"), recorded),
        }
    )
    return known_by_today(plan, frame, recorded)
