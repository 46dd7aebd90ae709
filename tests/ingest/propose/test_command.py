"""`yujing propose` at the command line: what is written and printed, and what is refused."""

import gzip
import json
import re
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import sqlalchemy as sa
import stdnum.cn.uscc
import yaml

from ingest.propose.sources import look_at_all
from tests.ingest.command import Command
from tests.ingest.test_workbooks import BOOKS

FIRMS = (
    "客户号,客户名称,统一社会信用代码,注册资本(万元)\n"
    "C1,虚构一号有限公司,91990101MA83CAWPP8,500\n"
    "C2,虚构二号有限公司,91990108MABEE51FLW,80\n"
)


@pytest.fixture
def firms(tmp_path: Path) -> Path:
    path = tmp_path / "对公客户.csv"
    path.write_text(FIRMS, "gb18030")
    return path


def test_the_draft_says_of_every_guess_why_and_how_surely(firms: Path, tmp_path: Path, command: Command) -> None:
    target = tmp_path / "draft.yaml"
    done = command.run("propose", str(firms), "-o", str(target), "--name", "crm")
    assert done.code == 0, done.error
    assert "Firm.registered_capital_fen" in done.out
    assert str(target) in done.out
    text = target.read_text("utf-8")
    (file,) = yaml.safe_load(text)["files"]
    assert file["path"] == "对公客户.csv"
    assert file["encoding"] == "gb18030"
    assert file["yields"][0]["properties"]["registered_capital_fen"] == {"column": "注册资本(万元)", "unit": "万元"}
    guesses = [line for line in text.splitlines() if line.startswith("          ")]
    assert guesses
    assert all("   # " in line for line in guesses)


def test_a_draft_never_overwrites_a_manifest_unasked(firms: Path, tmp_path: Path, command: Command) -> None:
    target = tmp_path / "manifest.yaml"
    target.write_text("mine", "utf-8")
    refused = command.run("propose", str(firms), "-o", str(target), "--name", "crm")
    assert refused.code == 2
    assert "--force" in refused.error
    assert target.read_text("utf-8") == "mine"
    assert command.run("propose", str(firms), "-o", str(target), "--name", "crm", "--force").code == 0
    assert target.read_text("utf-8") != "mine"


def test_a_machine_gets_one_json_object(firms: Path, tmp_path: Path, command: Command) -> None:
    done = command.run("propose", str(firms), "-o", str(tmp_path / "d.yaml"), "--name", "crm", "--json")
    told = json.loads(done.out)
    assert told["files"][0]["types"] == ["Firm"]
    assert {line["column"] for line in told["files"][0]["columns"]} == {"客户号", "客户名称", "统一社会信用代码", "注册资本(万元)"}


def test_what_is_not_used_is_said(tmp_path: Path, command: Command) -> None:
    (tmp_path / "customers.csv").write_text(
        "customer_id,company_name,quux\n" + "".join(f"K{n},Firm {n},{n % 3}x\n" for n in range(30))
    )
    (tmp_path / "readme.md").write_text("no table")
    target = tmp_path / "draft.yaml"
    done = command.run("propose", str(tmp_path), "-o", str(target), "--name", "crm")
    assert "readme.md" in done.out
    assert "quux" in yaml.safe_load(target.read_text("utf-8"))["files"][0]["ignore"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        ("cut.csv.gz", gzip.compress(FIRMS.encode())[:-12], "cannot be read"),
        ("book.xlsx", b"no book", "no readable workbook"),
        ("prose.txt", b"only words\nand no table\n", "no table"),
        ("numbers.csv", b"1001,20.5,2024-01-02\n1002,30.5,2024-01-03\n", "no line looks like a header"),
        ("twice.csv", b"a,b,a\nx,y,z\n", "twice"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(
    name: str, content: bytes, said: str, tmp_path: Path, command: Command
) -> None:
    (tmp_path / name).write_bytes(content)
    refused = command.run("propose", str(tmp_path / name), "-o", str(tmp_path / "d.yaml"), "--name", "crm")
    assert refused.code == 2
    assert said in refused.error
    assert not (tmp_path / "d.yaml").exists()


@pytest.mark.parametrize(
    "source", ["nowhere.csv", "sqlite:////nowhere/at/all.db", "quux://host/db", "postgresql://127.0.0.1:1/none"]
)
def test_what_is_not_there_is_refused(source: str, tmp_path: Path, command: Command) -> None:
    refused = command.run("propose", source, "-o", str(tmp_path / "d.yaml"), "--name", "crm")
    assert refused.code == 2
    assert "办法 fix" in refused.error


def test_a_database_without_tables_is_refused(tmp_path: Path, command: Command) -> None:
    refused = command.run("propose", f"sqlite:///{tmp_path / 'empty.db'}", "-o", str(tmp_path / "d.yaml"))
    assert refused.code == 2
    assert "no tables" in refused.error


def test_what_fits_no_type_is_refused(tmp_path: Path, command: Command) -> None:
    (tmp_path / "zoo.csv").write_text("species,legs\n" + "".join(f"s{n},{n}\n" for n in range(9)))
    refused = command.run("propose", str(tmp_path / "zoo.csv"), "-o", str(tmp_path / "d.yaml"))
    assert refused.code == 2
    assert "--ontology" in refused.error


def test_tables_of_a_database_are_joined_by_their_foreign_keys(tmp_path: Path, command: Command) -> None:
    """The loan's `party` says nothing by its name; the declared key says that it is a firm."""
    url = f"sqlite:///{tmp_path / 'credit.db'}"
    with sa.create_engine(url).begin() as connection:
        connection.execute(
            sa.text("create table company (company_id integer primary key, company_name text, registered_capital numeric)")
        )
        connection.execute(
            sa.text(
                "create table loan (loan_id text primary key, party integer references company(company_id),"
                " loan_amount numeric, drawdown_date text, maturity_date text)"
            )
        )
        for n in range(1, 41):
            connection.execute(sa.text(f"insert into company values ({n}, 'Invented {n} Ltd', {n * 1000})"))
            connection.execute(
                sa.text(f"insert into loan values ('L{n:04d}', {n}, {n * 500}.5, '2024-01-{n % 28 + 1:02d}', '2025-06-30')")
            )
    target = tmp_path / "draft.yaml"
    done = command.run("propose", url, "-o", str(target), "--name", "credit")
    assert done.code == 0, done.error
    company, loan = yaml.safe_load(target.read_text("utf-8"))["files"]
    assert company["sql"] == {"url": url, "table": "company"}
    assert company["yields"][0]["entity"] == "Firm"
    borrows = next(each for each in loan["yields"] if each.get("relation") == "BORROWS")
    assert borrows["src"]["key"] == "party"
    assert borrows["src"]["type"] == "Firm"
    planned = command.run("ingest", str(target), "--dry-run", "--json")
    assert planned.code == 0, planned.error
    assert json.loads(planned.out)["rows"] == {"read": 80, "accepted": 80, "duplicate": 0, "quarantined": 0}


def test_title_rows_above_the_header_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "贷款台账.csv"
    path.write_text(
        "贷款台账,,\n制表：信贷部,,\n借据号,放款金额,放款日期\n" + "".join(f"J{n},{n}00.00,2024-02-0{n}\n" for n in range(1, 9))
    )
    (look,), _ = look_at_all([str(path)])
    assert look.header_rows == (3,)
    assert look.frame.columns == ["借据号", "放款金额", "放款日期"]


def test_of_a_large_file_only_a_sample_is_read_and_its_rows_are_estimated(tmp_path: Path) -> None:
    """A 40 MB file: the sample reaches its last rows, and the estimate is within a twentieth."""
    path, rows = tmp_path / "transfers.csv", 1_000_000
    frame = pl.select(pl.int_range(rows).alias("n")).select(
        pl.format("T{}", pl.col("n") + 10_000_000).alias("txn_id"),
        pl.format("A{}", pl.col("n") % 9999 + 10_000).alias("payer_account"),
        pl.format("A{}", (pl.col("n") * 7) % 9999 + 10_000).alias("payee_account"),
        (pl.col("n") % 100_000 + 10_000).alias("amount"),
    )
    frame.write_csv(path)
    (look,), _ = look_at_all([str(path)])
    assert not look.whole
    assert look.frame.height <= 50_000
    assert abs(look.rows - rows) < rows / 20
    assert int(look.frame["txn_id"].str.slice(1).cast(pl.Int64).max() or 0) > 10_900_000  # type: ignore[arg-type]


def test_an_old_workbook_is_looked_at_with_its_merged_header(tmp_path: Path) -> None:
    shutil.copy(BOOKS / "report.xls", tmp_path / "贷款余额.xls")
    ((look, *_), aside) = look_at_all([str(tmp_path / "贷款余额.xls")])
    assert look.header_rows == (3, 4)
    assert [each.name for each in aside] == ["贷款余额.xls#说明"]
    assert look.frame.columns == ["客户号", "余额/贷款", "余额/票据", "起始日"]


def test_a_header_of_two_rows_is_drafted_so_that_it_loads(tmp_path: Path, command: Command) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["对公客户一览", "", "", ""], ["客户号", "客户", "", "注册资本(万元)"], ["", "名称", "统一社会信用代码", ""]):
        sheet.append(row)
    for n in range(20):
        body = f"91990101MA{n:07d}"
        sheet.append([f"C{100_000 + n}", f"虚构{n}号有限公司", body + stdnum.cn.uscc.calc_check_digit(body), 500 + n])
    for band in ("A1:D1", "A2:A3", "B2:C2", "D2:D3"):
        sheet.merge_cells(band)
    book.save(tmp_path / "对公客户.xlsx")
    target = tmp_path / "draft.yaml"
    assert command.run("propose", str(tmp_path / "对公客户.xlsx"), "-o", str(target), "--name", "crm").code == 0
    (file,) = yaml.safe_load(target.read_text("utf-8"))["files"]
    assert file["header_row"] == [2, 3]
    assert file["yields"][0]["properties"]["registered_capital_fen"]["unit"] == "万元"
    loaded = command.run("ingest", str(target), "--dry-run", "--json")
    assert json.loads(loaded.out)["rows"]["accepted"] == 20, loaded.error


@pytest.mark.parametrize("band", [None, "B2:B3"])
def test_cells_merged_in_the_table_itself_are_no_header(band: str | None, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("借据号", "客户号", "放款金额"), ("J1", "C1", 10), ("J2", "", 20), ("J3", "C2", 30)):
        sheet.append(row)
    if band:
        sheet.merge_cells(band)
    book.save(tmp_path / "x.xlsx")
    ((look,), _) = look_at_all([str(tmp_path / "x.xlsx")])
    assert (look.header_rows, look.frame.height) == ((1,), 3)


def test_json_lines_are_drafted_by_their_paths_and_load(tmp_path: Path, command: Command) -> None:
    rows = [
        {
            "借据号": f"J{n}",
            "客户": {"客户号": f"C{100_000 + n}"},
            "放款金额": n * 1000,
            "放款日期": f"2024-01-{n:02d}",
            "标签": ["a"],
        }
        for n in range(1, 21)
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "借据.jsonl").write_text(text + "no json\n", "utf-8")
    target = tmp_path / "draft.yaml"
    done = command.run("propose", str(tmp_path), "-o", str(target), "--name", "core")
    assert done.code == 0, done.error
    told = target.read_text("utf-8")
    assert "explode: 标签" in told and "1 lines are no JSON object" in told
    (file,) = yaml.safe_load(told)["files"]
    assert {"客户.客户号", "放款金额"} <= set(re.findall(r"[\w.]+", str(file["yields"])))
    loaded = command.run("ingest", str(target), "--dry-run", "--json")
    assert json.loads(loaded.out)["rows"]["accepted"] == 20, loaded.error
