"""The credit system: UTF-8 CSV with a byte-order mark, days as 20170718, amounts in 元, keyed by its own numbers; one Parquet."""

from functools import partial

import numpy as np
import polars as pl

from yujing.bank.distress import DEFAULT_LAG
from yujing.bank.files import (
    DAY_COMPACT,
    SourceTable,
    day_text,
    known_by_today,
    night_text,
    number_text,
    stamp_text,
    text_where,
    yuan_text,
)
from yujing.bank.forms import FORMS, note_forms
from yujing.bank.guarantees import SHAPES
from yujing.bank.offer import open_offer
from yujing.bank.plan import Days, Ints
from yujing.bank.planting import Fault, Planter
from yujing.bank.servicing import missed_since
from yujing.bank.world import World

_Csv = partial(SourceTable, encoding="utf-8-sig")
_day = partial(day_text, form=DAY_COMPACT)
_PRODUCTS = np.array(["流动资金贷款", "银行承兑汇票", "固定资产贷款"], dtype=object)
_TIERS = np.array(["正常", "关注", "次级", "可疑", "损失"], dtype=object)
_FLAG = np.array(["0", "1"], dtype=object)
_DPD_90 = np.timedelta64(91, "D")


def export_lending(world: World, planter: Planter) -> list[SourceTable]:
    """Lines, contracts, notes, guarantees, collateral, states, what falls due, what was paid, defaults."""
    plant = planter.plant
    return [
        plant(
            _Csv("credit/授信额度.csv", _lines(world)),
            Fault("exact_copy", 0.003),
            Fault("swapped_days", 0.002, ("生效日", "到期日")),
        ),
        plant(
            _Csv("credit/合同.csv", _contracts(world)),
            Fault("exact_copy", 0.003),
            Fault("impossible_day", 0.002, ("签订日期",), "20230230"),
        ),
        plant(
            _Csv("credit/借据.csv", _notes(world)),
            Fault("text_in_number", 0.001, ("发放金额",)),
            Fault("unknown_word", 0.001, ("业务品种",)),
            Fault("exact_copy", 0.002),
            Fault("thousand_separators", 0.003, ("发放金额",)),
            Fault("unknown_end", 0.001, ("客户号",)),
        ),
        plant(
            _Csv("credit/保证合同.csv", _guarantees(world)),
            Fault("self_loop", 0.003, ("保证人证件号码", "被保证人证件号码")),
            Fault("text_in_number", 0.003, ("担保金额",), "见合同"),
            Fault("exact_copy", 0.004),
            Fault("full_width", 0.004, ("担保金额",)),
        ),
        plant(_Csv("credit/个人保证合同.csv", _personal_guarantees(world)), Fault("exact_copy", 0.004)),
        plant(
            _Csv("credit/押品.csv", _collateral(world)), Fault("text_in_number", 0.003, ("评估价值",)), Fault("exact_copy", 0.004)
        ),
        _Csv("credit/合同押品.csv", _pledges(world)),
        plant(
            _Csv("credit/借据月末状态.csv", _states(world)),
            Fault("text_in_number", 0.0005, ("余额",)),
            Fault("conflict", 0.0004, ("余额",)),
            Fault("late_correction", 0.0008, ("余额", "批处理时间")),
            Fault("exact_copy", 0.001),
            Fault("unknown_end", 0.0003, ("借据号",)),
            Fault("unknown_word", 0.0003, ("五级分类",), "未分类"),
        ),
        plant(SourceTable("credit/还款计划.parquet", _schedule(world)), Fault("exact_copy", 0.0005)),
        plant(
            _Csv("credit/还款明细.csv", _repayments(world)),
            Fault("exact_copy", 0.0008),
            Fault("text_in_number", 0.0004, ("还款金额",)),
        ),
        plant(_Csv("credit/违约登记.csv", _defaults(world)), Fault("exact_copy", 0.01)),
    ]


def default_days(world: World) -> Days:
    """The day on which each borrower was more than 90 days past due; NaT where it was not by today."""
    plan, notes = world.plan, world.book.notes
    since = missed_since(plan, notes, world.distress.failed)
    first = np.full(world.society.firms.count, np.datetime64("2999-01-01"), dtype="datetime64[D]")
    np.minimum.at(first, notes.firm[~np.isnat(since)], since[~np.isnat(since)])
    day = first + _DPD_90
    return np.where(day <= np.datetime64(plan.today), day, np.datetime64("NaT")).astype("datetime64[D]")


def _lines(world: World) -> pl.DataFrame:
    """Approved once; frozen the month after the firm fails."""
    lines, plan, firms, failed = world.book.lines, world.plan, world.society.firms, world.distress.failed
    rng = plan.rng("line times")
    frozen_on = plan.month_start(np.minimum(failed[lines.firm] + 1, plan.months)) + np.timedelta64(4, "D")
    frozen = np.flatnonzero(
        (failed[lines.firm] + 1 < plan.months) & (lines.approved_on < frozen_on) & (frozen_on < lines.expires_on)
    )
    row = np.concatenate([np.arange(len(lines.firm)), frozen])
    day = np.concatenate([lines.approved_on, frozen_on[frozen]])
    firm = lines.firm[row]
    return pl.DataFrame(
        {
            "额度编号": lines.number[row],
            "客户号": firms.customer[firm],
            "授信额度": yuan_text(lines.limit_fen[row]),
            "批复日": _day(lines.approved_on[row]),
            "到期日": _day(lines.expires_on[row]),
            "状态": np.repeat(np.array(["生效", "冻结"], dtype=object), [len(lines.firm), len(frozen)]),
            "生效日": _day(day),
            "录入时间": stamp_text(rng, day),
        }
    )


def _first_notes(world: World) -> Ints:
    """The first note of each contract, in the order of contracts."""
    return np.asarray(np.unique(world.book.notes.contract.astype(str), return_index=True)[1])


def _contracts(world: World) -> pl.DataFrame:
    notes, lines, firms = world.book.notes, world.book.lines, world.society.firms
    first = _first_notes(world)
    order = np.argsort(lines.firm * 1000 + lines.start + 500, kind="stable")
    keys = (lines.firm * 1000 + lines.start + 500)[order]
    line = order[np.maximum(0, np.searchsorted(keys, notes.firm[first] * 1000 + notes.start[first] + 500, side="right") - 1)]
    same = lines.firm[line] == notes.firm[first]
    signed = notes.drawn_on[first] - np.timedelta64(2, "D")
    months = np.where(notes.product[first] == 2, 36, 12)
    contracts = pl.DataFrame(
        {
            "合同号": notes.contract[first],
            "客户号": firms.customer[notes.firm[first]],
            "额度编号": text_where(same, lines.number[line]),
            "合同金额": yuan_text(notes.principal_fen[first]),
            "用途": np.array(["购买原材料", "支付货款", "购置设备"], dtype=object)[notes.product[first]],
            "签订日期": _day(signed),
            "到期日": _day(signed + (months * 31).astype("timedelta64[D]")),
            "录入时间": stamp_text(world.plan.rng("contract times"), signed),
        }
    )
    return pl.concat([contracts, _undrawn(world)])


def _undrawn(world: World) -> pl.DataFrame:
    offer = open_offer(world)
    signed = np.array([offer.signed_on])
    return pl.DataFrame(
        {
            "合同号": [offer.contract],
            "客户号": [world.society.firms.customer[world.society.cast.drawdown_borrower]],
            "额度编号": [offer.line],
            "合同金额": yuan_text(np.array([offer.amount_fen])),
            "用途": ["购买原材料"],
            "签订日期": _day(signed),
            "到期日": _day(np.array([offer.signed_on + np.timedelta64(365, "D")])),
            "录入时间": stamp_text(world.plan.rng("offer"), signed),
        }
    )


def _notes(world: World) -> pl.DataFrame:
    notes, firms, rng = world.book.notes, world.society.firms, world.plan.rng("note times")
    margin = np.where(notes.product == 1, notes.principal_fen * 3 // 10, 0)
    disbursed = dict(zip(world.book.disbursements.note.tolist(), range(len(world.book.disbursements.note)), strict=True))
    row = np.array([disbursed.get(k, -1) for k in range(notes.count)], dtype=np.int64)
    out, paid = world.book.disbursements, row >= 0
    entrusted = np.where(paid, out.entrusted[row].astype(int), 0)
    forms = note_forms(world)
    frame = pl.DataFrame(
        {
            "借据号": notes.number,
            "合同号": notes.contract,
            "客户号": firms.customer[notes.firm],
            "业务品种": _PRODUCTS[notes.product],
            "发放金额": yuan_text(notes.principal_fen),
            "保证金": yuan_text(margin),
            "年利率(%)": number_text(notes.annual_rate * 100),
            "发放日": _day(notes.drawn_on),
            "到期日": _day(notes.matures_on),
            "支付账号": text_where(paid, world.accounts.firm[out.payee[row]]),
            "受托支付": _FLAG[entrusted],
            "发放形式": FORMS[forms.form],
            "原借据号": text_where(forms.form > 0, forms.replaces),
            "录入时间": stamp_text(rng, notes.drawn_on),
        }
    )
    later = frame[forms.extended.tolist()].with_columns(pl.Series("录入时间", night_text(forms.extended_on)))
    first = np.array(notes.matures_on)
    first[forms.extended] = forms.first_due  # as it was agreed at first; the row of the extension comes after
    both: list[pl.DataFrame] = [frame.with_columns(pl.Series("到期日", _day(first))), later]
    return pl.concat(both)


def _guarantee_columns(world: World, rows: Ints) -> dict[str, object]:
    guarantees, plan, firms = world.society.guarantees, world.plan, world.society.firms
    rng = plan.rng(f"guarantee rows {len(rows)}")
    shape, borrower = guarantees.shape[rows], guarantees.borrower[rows]
    signed = plan.month_start(guarantees.start[rows]) + rng.integers(0, 28, len(rows)).astype("timedelta64[D]")
    ends = plan.month_start(guarantees.end[rows]) + np.timedelta64(14, "D")
    mutual = (shape == SHAPES.index("pair")) | (shape == SHAPES.index("ring"))
    scheme = np.where(mutual, "互保", np.where(shape == SHAPES.index("joint"), "联保", "单人担保")).astype(object)
    return {
        "被保证人证件号码": firms.code[borrower],
        "担保金额": yuan_text(guarantees.amount_fen[rows]),
        "保证方式": np.where(rng.random(len(rows)) < 0.9, "连带责任保证", "一般保证").astype(object),
        "担保形式": scheme,
        "担保范围": np.where(rng.random(len(rows)) < 0.7, "最高额", "单笔").astype(object),
        "决议存档": _FLAG[(rng.random(len(rows)) < 0.93).astype(int)],
        "签订日期": _day(signed),
        "终止日期": _day(ends),
        "录入时间": stamp_text(rng, signed),
    }


def _guarantees(world: World) -> pl.DataFrame:
    guarantees = world.society.guarantees
    rows = np.flatnonzero(~guarantees.by_person)
    ends = {
        "保证合同号": np.array(guarantees.number, dtype=object)[rows],
        "保证人证件号码": world.society.firms.code[guarantees.guarantor[rows]],
    }
    return pl.DataFrame({**ends, **_guarantee_columns(world, rows)})


def _personal_guarantees(world: World) -> pl.DataFrame:
    guarantees = world.society.guarantees
    rows = np.flatnonzero(guarantees.by_person)
    ends = {
        "保证合同号": np.array(guarantees.number, dtype=object)[rows],
        "保证人证件号码": world.society.persons.id_number[guarantees.guarantor[rows]],
    }
    return pl.DataFrame({**ends, **_guarantee_columns(world, rows)})


def _mortgaged(world: World) -> Ints:
    """Two borrowers in five have put something up; one piece each, valued every spring."""
    firms = world.society.firms
    return np.flatnonzero(firms.borrower & (world.plan.rng("mortgaged").random(firms.count) < 0.4))


def _collateral(world: World) -> pl.DataFrame:
    """Valued when it was taken and every spring: land and buildings lose 4% a year, machines 11%."""
    plan, firms, rng = world.plan, world.society.firms, world.plan.rng("collateral")
    firm = _mortgaged(world)
    sort = rng.integers(0, 3, len(firm))
    value = world.society.limit_fen[firm] * rng.uniform(1.1, 1.9, len(firm))
    turns = np.array([-4, *range((plan.months - 2) // 12 + 1)])
    which, turn = np.repeat(np.arange(len(firm)), len(turns)), np.tile(turns, len(firm))
    worth = value[which] * np.array([0.96, 0.96, 0.89])[sort[which]] ** np.maximum(turn, 0) * rng.lognormal(0, 0.05, len(which))
    day = plan.month_start(turn * 12) + rng.integers(-25, 40, len(which)).astype("timedelta64[D]")
    seized = world.distress.failed[firm[which]] + 3 < plan.month_of(day)
    recorded = day + np.timedelta64(6, "D")
    frame = pl.DataFrame(
        {
            "押品编号": [f"YP{f:06d}" for f in firm[which] + plan.first("firms")],
            "抵押人客户号": firms.customer[firm[which]],
            "押品类型": np.array(["工业厂房", "商业用房", "机器设备"], dtype=object)[sort[which]],
            "评估价值": yuan_text((worth // 1_000_000 * 1_000_000).astype(np.int64)),
            "评估日": _day(day),
            "顺位": np.full(len(which), "1", dtype=object),
            "查封": _FLAG[seized.astype(int)],
            "录入时间": stamp_text(rng, recorded),
        }
    )
    return known_by_today(plan, frame, recorded)


def _pledges(world: World) -> pl.DataFrame:
    notes = world.book.notes
    first = _first_notes(world)
    first = first[np.isin(notes.firm[first], _mortgaged(world)) & (notes.product[first] != 1)]
    signed = notes.drawn_on[first] - np.timedelta64(2, "D")
    return pl.DataFrame(
        {
            "合同号": notes.contract[first],
            "押品编号": [f"YP{f:06d}" for f in notes.firm[first] + world.plan.first("firms")],
            "抵押金额": yuan_text(notes.principal_fen[first]),
            "登记日": _day(signed),
            "录入时间": night_text(signed),
        }
    )


def _states(world: World) -> pl.DataFrame:
    states, plan, notes = world.book.states, world.plan, world.book.notes
    end = plan.month_end(states.month)
    forms = note_forms(world)
    since = np.full(notes.count, plan.months)
    since[forms.extended] = plan.month_of(forms.first_due)
    return pl.DataFrame(
        {
            "借据号": notes.number[states.note],
            "数据日期": _day(end),
            "余额": yuan_text(states.balance_fen),
            "欠息": yuan_text(states.arrears_fen),
            "逾期天数": pl.Series(states.days_past_due).cast(pl.String),
            "五级分类": _TIERS[states.tier],
            "无还本续贷": _FLAG[notes.renewed[states.note].astype(int)],
            "展期": _FLAG[(states.month >= since[states.note]).astype(int)],
            "重组": _FLAG[states.restructured.astype(int)],
            "核销": _FLAG[states.written_off.astype(int)],
            "批处理时间": night_text(end),
        }
    )


def _schedule(world: World) -> pl.DataFrame:
    """What falls due, as planned when the note was drawn or extended: Parquet with types of its own, money in whole fen."""
    dues, notes, forms = world.book.dues, world.book.notes, note_forms(world)
    made = notes.drawn_on[dues.note]
    place = np.full(notes.count, -1)
    place[forms.extended] = np.arange(len(forms.extended))
    at = place[dues.note]
    month = world.plan.month_of(forms.first_due) - notes.start[forms.extended]  # the turn that was to be the last one
    anew = (at >= 0) & (dues.turn >= np.append(month, 0)[at])
    first = np.flatnonzero(anew & (dues.turn == np.append(month, 0)[at]))
    agreed = at[first], dues.note[first]
    made = np.where(anew, np.append(forms.extended_on, np.datetime64("NaT"))[at], made)
    made = np.concatenate([made, notes.drawn_on[agreed[1]]]).astype("datetime64[D]")
    return pl.DataFrame(
        {
            "借据号": notes.number[np.concatenate([dues.note, agreed[1]])],
            "期次": np.concatenate([dues.turn, dues.turn[first]]),
            "应还日": pl.Series(np.concatenate([dues.due_on, forms.first_due[agreed[0]]]).astype("datetime64[D]")),
            "应还本金_分": np.concatenate([dues.principal_fen, notes.principal_fen[agreed[1]]]),
            "应还利息_分": np.concatenate([dues.interest_fen, dues.interest_fen[first]]),
            "生成日": pl.Series(made),
            "生成时间": night_text(made),
        },
        schema_overrides={"借据号": pl.String},
    )


def _repayments(world: World) -> pl.DataFrame:
    dues, notes = world.book.dues, world.book.notes
    paid = np.flatnonzero(~np.isnat(dues.paid_on))
    paid = paid[np.argsort(dues.paid_on[paid], kind="stable")]
    note = dues.note[paid]
    return pl.DataFrame(
        {
            "借据号": notes.number[note],
            "期次": pl.Series(dues.turn[paid]).cast(pl.String),
            "应还日": _day(dues.due_on[paid]),
            "应还本金": yuan_text(dues.principal_fen[paid]),
            "应还利息": yuan_text(dues.interest_fen[paid]),
            "还款金额": yuan_text(dues.principal_fen[paid] + dues.interest_fen[paid]),
            "还款账号": world.accounts.firm[notes.firm[note]],
            "还款日": _day(dues.paid_on[paid]),
            "记账时间": stamp_text(world.plan.rng("repayment times"), dues.paid_on[paid]),
        }
    )


def _defaults(world: World) -> pl.DataFrame:
    """Registered some days after the ninety-first day; the cause is the bank's own, not the true one."""
    plan, firms, rng = world.plan, world.society.firms, world.plan.rng("defaults")
    day = default_days(world)
    firm = np.flatnonzero(~np.isnat(day))
    owed = np.zeros(firms.count, dtype=np.int64)
    states = world.book.states
    at = states.month == np.minimum(plan.months - 1, world.distress.failed + DEFAULT_LAG)[world.book.notes.firm[states.note]]
    np.add.at(owed, world.book.notes.firm[states.note[at]], states.balance_fen[at])
    recorded = day[firm] + rng.integers(0, 6, len(firm)).astype("timedelta64[D]")
    frame = pl.DataFrame(
        {
            "客户号": firms.customer[firm],
            "违约认定日": _day(day[firm]),
            "违约原因": rng.choice(np.array(["逾期90天以上", "分类下调"], dtype=object), len(firm), p=(0.93, 0.07)),
            "违约金额": yuan_text(owed[firm]),
            "登记时间": stamp_text(rng, recorded),
        }
    )
    return known_by_today(plan, frame, recorded)
