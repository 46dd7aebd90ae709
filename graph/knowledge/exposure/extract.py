"""The extract for the quarterly large-exposure return: a workbook out of the knowledge book, every figure from its tables.

商业银行大额风险暴露管理办法 (2018) asks for a quarterly return; its official form was not at hand, so sheets and columns are ours.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import IllegalCharacterError

from graph.errors import InputError
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.exposure import words
from graph.knowledge.exposure.rules import LimitSettings
from graph.snapshot import Snapshot

MOST = 10_000  # rows of a sheet
_QUARTER = re.compile(r"(\d{4})Q([1-4])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_AMOUNTS = ("drawn_fen", "off_balance_fen", "undrawn_fen", "margin_fen", "collateral_fen")
_HEADINGS = (
    *("序号 No.", "客户或集团 client or group", "统一社会信用代码 credit code", "户数 members"),
    *("贷款余额(元) drawn, CNY", "表外余额(元) off-balance, CNY", "未使用额度(元) undrawn, CNY"),
    *("保证金(元) margin, CNY", "合格押品(元) eligible collateral, CNY", "计入金额(元) counted, CNY"),
    *("占资本 share of capital", "占限额 share of limit", "状态 level", "限额 limit", "未折算币种 no rate for"),
)


@dataclass(frozen=True)
class _Sheet:
    title: str
    of: str
    rules: tuple[str, ...]
    large_only: bool


_SHEETS = (
    _Sheet("非同业单一客户 single", "client", ("client-exposure",), True),
    _Sheet("非同业关联客户 connected", "connected", ("connected-exposure",), True),
    _Sheet("同业客户 interbank", "client", ("interbank-exposure",), True),
    _Sheet("同业集团 interbank groups", "connected", ("interbank-group-exposure",), True),
    _Sheet("关联方 related", "related", ("related-one",), False),
    _Sheet("关联方集团 related groups", "related_group", ("related-group",), False),
    _Sheet("全部关联方 all related", "related_all", ("related-all",), False),
)


def quarter_end(text: str) -> date:
    """The last day of a quarter written 2026Q1. InputError for anything else."""
    told = _QUARTER.fullmatch(text.strip().upper())
    if not told or int(told[1]) < 1900:
        raise InputError(f"'{text}' is no quarter.", "Write it as 2026Q1.", "quarter")
    year, quarter = int(told[1]), int(told[2])
    return (date(year + quarter // 4, quarter * 3 % 12 + 1, 1)) - timedelta(days=1)


def write_return(book: KnowledgeBook, snapshot: Snapshot, settings: LimitSettings, path: Path) -> dict[str, int]:
    """Writes the workbook for the snapshot's day and gives the rows of each sheet. NotComputedError where it was not computed."""
    day = snapshot.as_of
    run = book.find("limit_use", day)
    sources = {name: book.source(run, name) for name in ("limit_use", "exposures", "group_exposures")}
    found = {sheet: _rows(sheet, sources) for sheet in _SHEETS}
    subjects = {row["subject"] for rows in found.values() for row in rows}
    names = _names(snapshot, subjects) | _group_names(book, snapshot, subjects)
    workbook = Workbook(write_only=True)
    _notes(workbook, _Notes(day, run.ledger_seq, settings, _capital(sources["limit_use"], settings)))
    for sheet, rows in found.items():
        _fill(workbook, sheet, rows, names)
    workbook.save(path)
    return {sheet.title: len(rows) for sheet, rows in found.items()}


def _rows(sheet: _Sheet, sources: dict[str, str]) -> list[dict[str, Any]]:
    """The uses of the sheet's limits with the amounts behind them, the largest first."""
    single = sheet.of in {"client", "related"}
    if not (sources["limit_use"] and sources["exposures" if single else "group_exposures"]):
        return []
    if single:
        amounts = f"SELECT client AS subject, 1 AS members, {', '.join(_AMOUNTS)} FROM {sources['exposures']}"
    else:
        columns = f"{', '.join(_AMOUNTS)} FROM {sources['group_exposures']} WHERE kind = '{sheet.of}'"
        amounts = f'SELECT "group" AS subject, members, {columns}'
    sql = f"""
        SELECT u.*, a.* EXCLUDE (subject) FROM {sources["limit_use"]} u JOIN ({amounts}) a USING (subject)
        WHERE u.rule IN (SELECT unnest($rules::VARCHAR[])) AND NOT u.pending {"AND u.large" if sheet.large_only else ""}
        ORDER BY u.amount_fen DESC, u.subject LIMIT {MOST}
    """
    with duckdb.connect() as engine:
        rows: list[dict[str, Any]] = engine.sql(sql, params={"rules": list(sheet.rules)}).to_arrow_table().to_pylist()
    return rows


def _capital(source: str, settings: LimitSettings) -> list[tuple[str, int, date]]:
    """The capital figures that the day's limits are shares of, each with the name of the figure."""
    if not source:
        return []
    sql = f"SELECT DISTINCT rule, capital_fen, capital_on FROM {source} WHERE capital_fen IS NOT NULL"
    with duckdb.connect() as engine:
        rows = engine.execute(sql).fetchall()
    named = {rule.id: rule.capital for rule in settings.rules}
    return sorted({(named[rule], fen, on) for rule, fen, on in rows})


def _names(snapshot: Snapshot, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Name and credit code of each firm; a natural person is told by its id alone."""
    firms = sorted(each for each in ids if each.startswith("Firm-"))
    if not firms:
        return {}
    rows = snapshot.about("Firm", "id", firms).select(["id", "name", "uscc"]).to_pylist()
    return {row["id"]: (row["name"] or "", row["uscc"] or "") for row in rows}


def _group_names(book: KnowledgeBook, snapshot: Snapshot, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of each computed group its name, or that of its leading member; a set around a firm is called by that firm."""
    groups, sets = ([each for each in ids if each.startswith(prefix)] for prefix in ("Group-", "Set-"))
    leads = {each: each.removeprefix("Set-") for each in sets}
    named: dict[str, str] = {}
    if groups:
        rows = book.about("group_clients", "group", groups, snapshot.as_of).select(["group", "name", "lead"]).to_pylist()
        leads |= {row["group"]: row["lead"] for row in rows}
        named = {row["group"]: row["name"] for row in rows if row["name"]}
    firms = _names(snapshot, leads.values())
    return {each: (named.get(each) or firms.get(lead, ("", ""))[0], "") for each, lead in leads.items()}


@dataclass(frozen=True)
class _Notes:
    day: date
    ledger_seq: int
    settings: LimitSettings
    capital: Sequence[tuple[str, int, date]]


def _notes(workbook: Workbook, notes: _Notes) -> None:
    sheet = workbook.create_sheet("说明 notes")
    sheet.append(["大额风险暴露季报摘录 extract for the quarterly large-exposure return"])
    sheet.append(["官方报表格式待核对 the official form is to confirm: sheets and columns are our own"])
    sheet.append(["日期 day", notes.day.isoformat(), "ledger_seq", notes.ledger_seq])
    for figure, fen, on in notes.capital:
        sheet.append([" ".join(words.FIGURES[figure]), fen / 100, "数据日 told for", on.isoformat()])
    if not notes.capital:
        zh, en = words.CAPITAL["no_capital_figure"]
        sheet.append([f"{zh} {en}: 大额暴露无法判定 which exposures are large cannot be told"])
    sheet.append(["大额标准 large from", float(notes.settings.large.exposure), "一级资本净额 of net tier 1"])
    factors = notes.settings.factors
    sheet.append(["转换系数 conversion factors", _said(factors.status)])
    for name, factor in {**{str(k): v for k, v in factors.off_balance.items()}, "undrawn": factors.undrawn}.items():
        sheet.append(["", name, float(factor)])
    sheet.append([_bold(sheet, text) for text in ("限额 limit", "", "文件 document", "条款 article", "状态 status")])
    for rule in notes.settings.in_force(notes.day):
        document = notes.settings.documents[rule.source]
        article = f"{rule.article} ({_said(rule.article_status)})" if rule.article else _said(rule.article_status)
        told = [f"{rule.name.zh} {rule.name.en}", float(rule.limit), f"{document.document} {document.number}", article]
        sheet.append([_harmless(sheet, each) for each in (*told, _said(rule.status))])


def _fill(workbook: Workbook, sheet: _Sheet, rows: list[dict[str, Any]], names: dict[str, tuple[str, str]]) -> None:
    page = workbook.create_sheet(sheet.title)
    page.freeze_panes = "A2"
    page.append([_bold(page, heading) for heading in _HEADINGS])
    for number, row in enumerate(rows, 1):
        name, code = names.get(row["subject"], (row["subject"], ""))
        yuan = [row[column] / 100 for column in (*_AMOUNTS, "amount_fen")]
        level = " ".join(words.LEVELS[row["level"]])
        told = [number, name or row["subject"], code, row["members"], *yuan, row["share"], row["use"], level, row["rule"]]
        page.append([_harmless(page, each) for each in (*told, row["missing"])])
    if len(rows) == MOST:
        page.append([f"只列前{MOST}条 only the first {MOST} are listed"])


def _said(status: str) -> str:
    return " ".join(words.STATUS[status])


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _harmless(sheet: Any, value: object) -> object:
    """Text as text: never a formula, whatever it begins with, and without what a workbook cannot hold."""
    if not isinstance(value, str):
        return value
    text = "'" + value if value.startswith(_FORMULA) else value
    try:
        cell = WriteOnlyCell(sheet, text[:32_000])
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, "".join(c if c.isprintable() else "�" for c in text[:32_000]))
    cell.data_type = "s"
    return cell
