"""What a day's features cost: `python -m bench.features [--firms N] [--against 0]`.

An invented book written straight into a ledger: of each firm a loan note with twelve month ends, a statement of two years, fifteen
months of indicators, events of one firm in five, and three relations a firm of each of guarantees, supplies and invoices. One row
in twenty is corrected later. The peer is the plain pandas way over the same files: of each state the last row known, then groupby
and merge for own features, and one merge a channel for what neighbours carry. It does `SHARED` of the features only (Yujing all of
them), and both must agree on these. Each runs in a process of its own, so that peak memory is its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from bench.peak import peak_mib
from graph.ledger import BatchHeader, Ledger
from graph.ledger.schema import ledger_schema
from graph.snapshot import Snapshot

DAY = date(2025, 6, 30)
CHANNELS = {"GUARANTEES": "amount_fen", "SUPPLIES": "annual_fen", "INVOICES": "gross_fen"}
_OWN = ("days_past_due", "balance_log", "leverage", "current_ratio", "margin", "turnover_change", "tax_trend", "sued", "enforced")
_CARRIED = {"overdue": "days_past_due", "sued": "sued", "turnover": "turnover_change"}
SHARED = (*_OWN, *(f"{name}.{way}.{what}" for name in CHANNELS for way in ("out", "in") for what in ("others", *_CARRIED)))

_FACT = "'Firm' AS subject_type, md5('f' || i) AS subject"
_ROWS = {
    "Firm": "SELECT md5('f' || i) AS id, DATE '2020-01-01' AS valid_from, 0 AS said, 'bench' AS source, i::VARCHAR AS key, "
    "'企业' || i AS name, 'active' AS status, (['large', 'medium', 'small', 'micro'])[1 + i % 4] AS size FROM range({n}) t(i)",
    "LoanNote": "SELECT md5('n' || i) AS id, DATE '2020-01-01' AS valid_from, 0 AS said, 'bench' AS source, i::VARCHAR AS key, "
    "'working_capital' AS product, DATE '2025-12-01' AS matures_on, 0.05 AS annual_rate FROM range({n}) t(i)",
    "BORROWS": "SELECT md5('b' || i) AS id, DATE '2020-01-01' AS valid_from, 0 AS said, 'Firm' AS src_type, md5('f' || i) AS src, "
    "'LoanNote' AS dst_type, md5('n' || i) AS dst FROM range({n}) t(i)",
    "LoanNoteState": "SELECT md5('n' || i) AS id, m AS said, "
    "(DATE '2024-07-01' + to_months(m::INT) - INTERVAL 1 DAY)::DATE AS valid_from, "
    "'LoanNote' AS subject_type, md5('n' || i) AS subject, 10000000 + i * 100 AS balance_fen, "
    "CASE WHEN hash(i, m) % 25 = 0 THEN (hash(i) % 80)::BIGINT ELSE 0 END AS days_past_due, 'normal' AS five_tier "
    "FROM range({n}) t(i), range(1, 13) s(m)",
    "FinancialStatement": "SELECT md5('s' || i || '.' || y) AS id, make_date(y, 12, 31) AS valid_from, y AS said, " + _FACT + ", "
    "make_date(y, 12, 31) AS period_end, 100000000 + i AS total_assets_fen, "
    "30000000 + (hash(i, y) % 60000000)::BIGINT AS total_liabilities_fen, 40000000 AS current_assets_fen, "
    "20000000 + (hash(y, i) % 9000000)::BIGINT AS current_liabilities_fen, 90000000 AS revenue_fen, "
    "(hash(i, 7, y) % 9000000)::BIGINT AS net_profit_fen FROM range({n}) t(i), (VALUES (2023), (2024)) s(y)",
    "MonthlyIndicator": "SELECT md5('m' || i || '.' || m) AS id, "
    "(DATE '2024-03-01' + to_months(m::INT))::DATE AS valid_from, m AS said, "
    + _FACT
    + ", (DATE '2024-03-01' + to_months(m::INT))::DATE AS month, 1000 + (hash(i, m) % 500)::BIGINT AS tax_paid_fen, "
    "90000 + (hash(m, i) % 50000)::BIGINT AS turnover_fen FROM range({n}) t(i), range(15) s(m)",
    "JudicialEvent": "SELECT md5('j' || i) AS id, DATE '2024-07-01' + (hash(i) % 300)::INT AS valid_from, 0 AS said, "
    + _FACT
    + ", "
    "(['lawsuit', 'enforcement'])[1 + i % 2] AS event_type, 'defendant' AS role, 5000 AS amount_fen FROM range(0, {n}, 5) t(i)",
    **{
        name: f"SELECT md5('{name}' || i || '.' || k) AS id, DATE '2024-09-01' + (hash(i, k) % 200)::INT AS valid_from, k AS said, "
        "'Firm' AS src_type, md5('f' || i) AS src, 'Firm' AS dst_type, md5('f' || ((i * 31 + k * 977 + 1) % {n})) AS dst, "
        f"1000000 + (hash(k, i) % 9000000)::BIGINT AS {amount} FROM range({{n}}) t(i), range(3) s(k)"
        for name, amount in CHANNELS.items()
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=3_000)
    parser.add_argument("--against", type=int, default=30_000)
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments.root, arguments.measure)))
        return
    first = _compare(arguments.firms)
    if arguments.against:
        second = _compare(arguments.against)
        grown = arguments.against / arguments.firms
        print(f"{grown:g} times the book: {second / first:.1f} times the processor seconds (goal: 12 at 10)")


def _compare(firms: int) -> float:
    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder:
        root = Path(folder)
        rows = _load(root, firms)
        told = {name: _own_process(root, name) for name in ("yujing", "pandas")}
        gap = _gap(root)
    print(f"{firms:,} firms, {rows:,} rows of the ledger; largest difference on {len(SHARED)} shared features {gap:.1e}")
    for name, each in told.items():
        figures = f"{each['seconds']:7.2f} s, {each['cpu']:7.2f} CPU s, peak {each['peak']:6.0f} MiB"
        print(f"  {name:8} {each['features']:4.0f} features {figures}")
    each_feature = [told[name]["cpu"] / told[name]["features"] for name in ("pandas", "yujing")]
    ratio = told["pandas"]["cpu"] / told["yujing"]["cpu"]
    print(f"  pandas takes {ratio:.2f} times the processor time in all, {each_feature[0] / each_feature[1]:.1f} times a feature")
    return told["yujing"]["cpu"]


def _load(root: Path, firms: int) -> int:
    rows = 0
    with closing(Ledger.open(root / "ledger")) as ledger, ledger.begin(BatchHeader("bench", "bench", backfill=True)) as writer:
        with duckdb.connect() as con:
            for name, sql in _ROWS.items():
                schema = ledger_schema(ledger.ontology, name)
                plain = f"SELECT *, 1735689600000000 AS recorded_at FROM ({sql.format(n=firms)})"
                # one row in twenty is told again a day later
                again = "SELECT * REPLACE (said + 1000 AS said, recorded_at + 86400000000 AS recorded_at)"
                every = f"{plain} UNION ALL {again} FROM ({plain}) WHERE hash(id, said) % 20 = 0"
                told = con.sql(f"SELECT *, md5(id || said::VARCHAR) AS content FROM ({every})")
                have = dict(zip(told.columns, told.columns, strict=True))
                fixed = {
                    "valid_to": "DATE '9999-12-31'",
                    "action": "'state'",
                    "file": "'bench.csv'",
                    "feed": "'bench'",
                    "currency": "'CNY'",
                }
                fixed |= {"stub": "false", "line": "row_number() OVER ()"}
                columns = ", ".join(f'{have.get(f.name) or fixed.get(f.name) or "NULL"} AS "{f.name}"' for f in schema)
                table = con.sql(f"SELECT {columns} FROM told").to_arrow_table().cast(schema)
                writer.append(name, table)
                rows += table.num_rows
        writer.commit()
    return rows


def _own_process(root: Path, measure: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.features", "--measure", measure, "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measure(root: Path, measure: str) -> dict[str, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    features = _yujing(root) if measure == "yujing" else _pandas(root)
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - cpu,
        "peak": peak_mib(),
        "features": features,
    }


def _yujing(root: Path) -> int:
    from models.features import build_features

    with closing(Ledger.open(root / "ledger")) as ledger:
        found = build_features(Snapshot(ledger, DAY))
        columns = {name: found.values[:, found.names.index(name)] for name in SHARED}
        pd.DataFrame({"firm": found.firms.to_pylist(), **columns}).to_parquet(root / "yujing.parquet")
        return len(found.names)


def _gap(root: Path) -> float:
    """The largest relative difference between the two on what both compute; infinite where one tells what the other does not."""
    one, two = (pd.read_parquet(root / f"{name}.parquet").set_index("firm").sort_index() for name in ("yujing", "pandas"))
    two.index = "Firm-" + two.index
    a, b = one[list(SHARED)].to_numpy(), two.reindex(one.index)[list(SHARED)].to_numpy()
    if (np.isnan(a) != np.isnan(b)).any():
        return float("inf")
    return float(np.nanmax(np.abs(a - b) / np.maximum(np.abs(b), 1e-9)))


def _pandas(root: Path) -> int:
    """As one would write it: read what is needed, keep the last version known of each state, then groupby and merge."""
    day, known = pd.Timestamp(DAY), 1751299200000000

    def read(name: str, *columns: str) -> pd.DataFrame:
        files = sorted((root / "ledger" / name).rglob("*.parquet"))
        frame = pd.concat([pd.read_parquet(f, columns=["id", "valid_from", "recorded_at", *columns]) for f in files])
        frame["valid_from"] = pd.to_datetime(frame["valid_from"])
        frame = frame[(frame["valid_from"] <= day) & (frame["recorded_at"] < known)]
        return frame.sort_values("recorded_at").drop_duplicates(["id", "valid_from"], keep="last")

    firms = read("Firm").rename(columns={"id": "firm"})[["firm"]].set_index("firm")
    owes = read("BORROWS", "src", "dst")
    states = read("LoanNoteState", "subject", "balance_fen", "days_past_due").sort_values("valid_from")
    newest = states.drop_duplicates("id", keep="last").merge(owes[["src", "dst"]], left_on="subject", right_on="dst")
    credit = newest.groupby("src").agg(days_past_due=("days_past_due", "max"), balance=("balance_fen", "sum"))
    firms["days_past_due"] = credit["days_past_due"].astype(float)
    firms["balance_log"] = np.log1p(credit["balance"] / 100)
    money = (
        "total_assets_fen",
        "total_liabilities_fen",
        "current_assets_fen",
        "current_liabilities_fen",
        "revenue_fen",
        "net_profit_fen",
    )
    told = read("FinancialStatement", "subject", "period_end", *money).sort_values("period_end")
    last = told.drop_duplicates("subject", keep="last").set_index("subject")
    firms["leverage"] = last["total_liabilities_fen"] / last["total_assets_fen"]
    firms["current_ratio"] = (last["current_assets_fen"] / last["current_liabilities_fen"]).clip(0, 20)
    firms["margin"] = (last["net_profit_fen"] / last["revenue_fen"]).clip(-3, 3)
    months = read("MonthlyIndicator", "subject", "month", "tax_paid_fen", "turnover_fen")
    months["month"] = pd.to_datetime(months["month"])
    at = months["month"].dt.year * 12 + months["month"].dt.month
    months["back"] = at.groupby(months["subject"]).transform("max") - at
    means = {
        name: months[months["back"].between(low, high)].groupby("subject")[["tax_paid_fen", "turnover_fen"]].mean()
        for name, low, high in (("now", 0, 2), ("prior", 3, 5), ("before", 12, 14))
    }
    firms["turnover_change"] = (means["now"]["turnover_fen"] / means["before"]["turnover_fen"] - 1).clip(-1, 5)
    firms["tax_trend"] = (means["now"]["tax_paid_fen"] / means["prior"]["tax_paid_fen"] - 1).clip(-1, 5)
    events = read("JudicialEvent", "subject", "event_type")
    events["weight"] = 0.5 ** ((day - events["valid_from"]).dt.days / 180)
    for name, kind in (("sued", "lawsuit"), ("enforced", "enforcement")):
        firms[name] = events[events["event_type"] == kind].groupby("subject")["weight"].sum()
        firms[name] = firms[name].fillna(0.0)
    for name, amount in CHANNELS.items():
        links = read(name, "src", "dst", amount)
        links = links[links["src"] != links["dst"]].groupby(["src", "dst"])[[amount]].sum().reset_index()
        for way, (receiver, sender) in (("out", ("src", "dst")), ("in", ("dst", "src"))):
            firms[f"{name}.{way}.others"] = np.log1p(links.groupby(receiver)[sender].nunique())
            carried = links.merge(firms[list(_CARRIED.values())], left_on=sender, right_index=True)
            for what, column in _CARRIED.items():
                value = carried[column].clip(0, 90) / 90 if what == "overdue" else carried[column]
                some = value.notna()
                load = (carried[amount] * value)[some].groupby(carried[receiver][some]).sum()
                firms[f"{name}.{way}.{what}"] = load / carried[amount][some].groupby(carried[receiver][some]).sum()
    firms.reset_index().to_parquet(root / "pandas.parquet")
    return len(SHARED)


if __name__ == "__main__":
    main()
