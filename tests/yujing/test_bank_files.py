"""The invented bank's files: encodings, clocks, planted errors, and what the cases promise is in them."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter
from python_calamine import CalamineWorkbook

from alerts.requests import DrawdownRequest, PreLoanRequest
from ingest.manifest import Manifest, SourceFile, read_manifest
from yujing.bank.plan import BankPlan
from yujing.bank.write import write_bank

TODAY = date(2026, 3, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("invented") / "bank"
    write_bank(folder, BankPlan(firms=200, seed=7))
    return folder


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Manifest:
    return read_manifest(folder / "manifest.yaml")[0]


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, Any]:
    told = json.loads((folder / "cases.json").read_text("utf-8"))
    return {case["case"]: case for case in told["cases"]}


def read_source(folder: Path, spec: SourceFile) -> pl.DataFrame:
    path = folder / spec.path
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix == ".xlsx":
        header, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(spec.sheet).to_python()
        texts = [[str(value) if value != "" else None for value in row] for row in rows]
        return pl.DataFrame(texts, schema=[str(name) for name in header], orient="row")
    raw = pl.read_csv(path, encoding="gb18030", infer_schema=False) if spec.encoding == "gb18030" else None
    return raw if raw is not None else pl.read_csv(path, separator="\t" if ".tsv" in spec.path else ",", infer_schema=False)


def find(folder: Path, manifest: Manifest, path: str, sheet: str = "") -> pl.DataFrame:
    return read_source(folder, next(spec for spec in manifest.files if spec.path == path and spec.sheet == sheet))


def written(folder: Path, manifest: Manifest) -> Iterator[tuple[SourceFile, pl.DataFrame]]:
    for spec in manifest.files:
        yield spec, read_source(folder, spec)


def test_every_file_reads_in_its_declared_encoding_and_has_the_columns_its_manifest_names(folder: Path, manifest: Manifest) -> None:
    for spec, frame in written(folder, manifest):
        assert set(frame.columns) == spec.columns | set(spec.ignore), spec.path
        assert frame.height > 0, spec.path
    named = {spec.path for spec in manifest.files} | {"manifest.yaml", "cases.json", "invented.json", "README.md"}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith("truth/")} == named


def test_nothing_was_recorded_after_the_banks_last_day(folder: Path, manifest: Manifest) -> None:
    for spec, frame in written(folder, manifest):
        for each in spec.yields:
            assert each.recorded_at is not None, spec.path
            days = frame[each.recorded_at.column].str.slice(0, 10).str.replace_all("/", "-")
            assert days.filter(days != "0000-00-00").max() <= str(TODAY), spec.path  # type: ignore[operator]


def test_statements_arrive_weeks_after_the_quarter_and_never_before_it_ends(folder: Path, manifest: Manifest) -> None:
    frame = find(folder, manifest, "outside/财务报表.xlsx", "季度报表")
    ends = frame["报告期末"].str.to_date("%Y/%m/%d")
    waits = (frame["收到时间"].str.slice(0, 10).str.to_date() - ends).dt.total_days()
    assert waits.min() >= 18  # type: ignore[operator]
    assert 30 <= waits.median() <= 60  # type: ignore[operator]


def test_a_late_correction_says_something_else_of_the_same_state_later(folder: Path, manifest: Manifest) -> None:
    states = find(folder, manifest, "credit/借据月末状态.csv")
    planted = json.loads((folder / "truth/planted_errors.json").read_text("utf-8"))["planted"]
    line = next(p for p in planted if p["file"] == "credit/借据月末状态.csv" and p["kind"] == "late_correction")["lines"][0]
    late = states.row(line - 2, named=True)
    before = states.filter((pl.col("借据号") == late["借据号"]) & (pl.col("数据日期") == late["数据日期"])).row(0, named=True)
    assert before["批处理时间"] < late["批处理时间"]
    assert before["余额"] != late["余额"]


def test_it_is_said_everywhere_that_the_bank_is_invented(folder: Path) -> None:
    assert "虚构" in (folder / "README.md").read_text("utf-8")
    assert json.loads((folder / "invented.json").read_text("utf-8"))["invented"] is True
    assert json.loads((folder / "cases.json").read_text("utf-8"))["invented"] is True


def days_past_due(folder: Path, manifest: Manifest, customer: str) -> int:
    notes = find(folder, manifest, "credit/借据.csv").filter(pl.col("客户号") == customer)["借据号"]
    states = find(folder, manifest, "credit/借据月末状态.csv").filter(pl.col("数据日期") == "20260331")
    return int(states.filter(pl.col("借据号").is_in(notes.implode()))["逾期天数"].cast(pl.Int64).max() or 0)  # type: ignore[arg-type]


def test_in_the_guarantee_circle_one_is_overdue_and_each_stands_in_for_the_next(
    folder: Path, manifest: Manifest, cases: dict[str, Any]
) -> None:
    circle = cases["guarantee-circle"]["circle"]
    overdue = [days_past_due(folder, manifest, member["customer"]) for member in circle]
    assert 31 <= overdue[0] <= 90
    assert max(overdue[1:]) <= 30
    guarantees = find(folder, manifest, "credit/保证合同.csv").filter(pl.col("终止日期") > "20260331")
    pairs = set(zip(guarantees["保证人证件号码"], guarantees["被保证人证件号码"], strict=True))
    following = [*circle[1:], circle[0]]
    assert {(a["uscc"], b["uscc"]) for a, b in zip(circle, following, strict=True)} <= pairs


def test_the_note_near_maturity_falls_due_within_weeks_while_inflow_has_fallen_by_a_third(
    folder: Path, manifest: Manifest, cases: dict[str, Any]
) -> None:
    case = cases["near-maturity"]
    assert TODAY < date.fromisoformat(case["matures_on"]) <= TODAY + timedelta(days=31)
    inflow: dict[str, float] = {}
    for year in ("2024", "2025", "2026"):
        frame = find(folder, manifest, "outside/月度经营指标.xlsx", year).filter(pl.col("信用代码") == case["firm"]["uscc"])
        inflow |= dict(zip(frame["月份"], frame["账户流入(元)"].cast(pl.Float64), strict=True))
    now = sum(inflow[month] for month in ("2025-12", "2026-01", "2026-02"))
    before = sum(inflow[month] for month in ("2024-12", "2025-01", "2025-02"))
    assert now / before < 0.7
    assert days_past_due(folder, manifest, case["firm"]["customer"]) == 0


def test_the_applicants_guarantor_is_a_listed_defaulter_and_the_applicant_is_not(
    folder: Path, manifest: Manifest, cases: dict[str, Any]
) -> None:
    case = cases["defaulter-guarantor"]
    court = find(folder, manifest, "outside/执行与失信.csv").filter(pl.col("事件类型") == "失信被执行人")["信用代码"].to_list()
    assert case["guarantor"]["uscc"] in court
    assert case["firm"]["uscc"] not in court
    assert days_past_due(folder, manifest, case["firm"]["customer"]) <= 30


def test_the_related_payee_shares_the_borrowers_phone(folder: Path, manifest: Manifest, cases: dict[str, Any]) -> None:
    case = cases["related-payee"]
    phones = find(folder, manifest, "ecif/联络方式.csv").filter(pl.col("联络类型") == "联系电话")
    by_customer = dict(zip(phones["客户号"], phones["内容"].str.strip_chars(), strict=True))
    assert by_customer[case["payee"]["customer"]] == by_customer[case["firm"]["customer"]]


def test_the_bodies_of_the_cases_are_requests_that_the_decision_api_takes(
    folder: Path, manifest: Manifest, cases: dict[str, Any]
) -> None:
    for name in ("defaulter-guarantor", "clean"):
        application = TypeAdapter(PreLoanRequest).validate_python(cases[name]["body"])
        assert application.applicant.uscc == cases[name]["firm"]["uscc"]
    order = TypeAdapter(DrawdownRequest).validate_python(cases["related-payee"]["body"])
    contract = find(folder, manifest, "credit/合同.csv").filter(pl.col("合同号") == order.contract).row(0, named=True)
    line = find(folder, manifest, "credit/授信额度.csv").filter(pl.col("额度编号") == contract["额度编号"]).row(0, named=True)
    assert contract["客户号"] == line["客户号"] == cases["related-payee"]["firm"]["customer"]
    assert order.amount_fen == round(float(contract["合同金额"]) * 100) < float(line["授信额度"]) * 100
    assert line["批复日"] <= "20260331" < line["到期日"]


def test_the_round_trip_brings_most_of_the_money_back_within_seven_days(
    folder: Path, manifest: Manifest, cases: dict[str, Any]
) -> None:
    case = cases["round-trip"]
    note = find(folder, manifest, "credit/借据.csv").filter(pl.col("借据号") == case["loan_note"]).row(0, named=True)
    assert note["受托支付"] == "1"
    drawn = date.fromisoformat(case["drawn_on"])
    moved = find(folder, manifest, "core/transfers.tsv.gz").filter(
        (pl.col("payer_acct") == note["支付账号"]) & (pl.col("purpose") == "往来款") & (pl.col("txn_time") > str(drawn))
    )
    moved = moved.filter(pl.col("txn_time") < str(drawn + timedelta(days=8)))
    assert moved["amt"].cast(pl.Float64).sum() >= 0.6 * float(note["发放金额"])
