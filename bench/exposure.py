"""Exposures and limits of a whole book from arrays, against plain Python sums: `python -m bench.exposure [--firms N ...]`.

Every firm has two notes (one in ten an acceptance with margin, one in twenty in dollars); every second a line and a contract;
every fourth guarantees its neighbour; one in three is in a set of three. The peer sums the same in dictionaries, note by note,
up to 100,000 firms. Each size runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from datetime import date

import duckdb

from graph.knowledge.exposure.rules import declared_limits
from graph.knowledge.exposure.schemas import GROUPS, INPUTS
from graph.knowledge.exposure.work import Told, exposures_of

DAY = date(2026, 3, 31)
_PEER_UP_TO = 100_000

_ROWS = {
    "Firm": "SELECT 'Firm-' || i AS id, 'C33' AS industry FROM range({n}) t(i)",
    "LoanNote": """SELECT 'LoanNote-' || i AS id, if(i % 10 = 0, 'acceptance', 'working_capital') AS product,
        'K' || (i // 2) AS contract,
        100 * (i % 9973 + 1) AS principal_fen, if(i % 10 = 0, 30 * (i % 9973 + 1), 0) AS margin_fen,
        if(i % 20 = 1, 'USD', 'CNY') AS currency FROM range(2 * {n}) t(i)""",
    "LoanNoteState": """SELECT 's' || i AS id, 'LoanNote-' || i AS subject, 90 * (i % 9973 + 1) AS balance_fen,
        false AS written_off, if(i % 20 = 1, 'USD', 'CNY') AS currency,
        DATE '2026-03-01' AS valid_from, 0 AS recorded_at, 1 AS batch_seq, i AS line
        FROM range(2 * {n}) t(i)""",
    "Contract": """SELECT 'Contract-' || i AS id, 'K' || i AS number, 'L' || i AS credit_line
        FROM range({n}) t(i) WHERE i % 2 = 0""",
    "CreditLine": """SELECT 'CreditLine-' || i AS id, 'L' || i AS number, 1000000 AS limit_fen, 'CNY' AS currency,
        DATE '2027-01-01' AS expires_on, 'active' AS status FROM range({n}) t(i) WHERE i % 2 = 0""",
    "BORROWS": """SELECT 'b' || i AS id, 'Firm-' || (i // 2) AS src, 'LoanNote-' || i AS dst FROM range(2 * {n}) t(i)
        UNION ALL SELECT 'l' || i, 'Firm-' || i, 'CreditLine-' || i FROM range({n}) t(i) WHERE i % 2 = 0""",
    "GUARANTEES": """SELECT 'g' || i AS id, 'Firm-' || i AS src, 'Firm-' || (i + 1) AS dst, 500000 AS amount_fen, 'CNY' AS currency
        FROM range({n}) t(i) WHERE i % 4 = 0""",
    "Currency": "SELECT 'Currency-1' AS id, 'USD' AS code",
    "ExchangeRate": """SELECT 'r' AS id, 'Currency-1' AS subject, 7.1234 AS cny_per_unit, DATE '2026-03-30' AS valid_from,
        0 AS recorded_at, 1 AS batch_seq, 1 AS line""",
    "CapitalFigure": """SELECT 'c' AS id, 'Firm-0' AS subject, 100000000 AS net_capital_fen, 80000000 AS tier1_net_fen,
        'CNY' AS currency,
        DATE '2025-12-31' AS valid_from, DATE '9999-12-31' AS valid_to, 0 AS recorded_at, 1 AS batch_seq, 1 AS line""",
}
_SETS = """SELECT 'connected' AS kind, 'Set-' || (i // 9) AS "group", 'Firm-' || i AS member FROM range({n}) t(i) WHERE i % 9 < 3"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--firms", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(_measure(asked.firms[0])))
        return
    print(f"{'firms':>10} {'book s':>9} {'peer s':>9} {'ratio':>7} {'peak MB':>9} {'uses of limits':>15}")
    for firms in asked.firms:
        command = [sys.executable, "-m", "bench.exposure", "--one", "--firms", str(firms)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        peer = f"{told['peer']:9.2f} {told['peer'] / told['book']:6.1f}x" if told["peer"] else f"{'-':>9} {'-':>7}"
        print(f"{firms:>10,} {told['book']:9.2f} {peer} {told['peak']:>9,} {told['rows']:>15,}", flush=True)


def _measure(firms: int) -> dict[str, float]:
    told = _drawn(firms)
    begun = time.perf_counter()
    found = exposures_of(told, declared_limits())
    book = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peer = 0.0
    if firms <= _PEER_UP_TO:
        begun = time.perf_counter()
        by_hand = _plain(told)
        peer = time.perf_counter() - begun
        rows = found.clients.select(["client", "exposure_fen"]).to_pylist()
        wrong = [row for row in rows if abs(row["exposure_fen"] - by_hand[row["client"]]) > 1]
        assert not wrong, wrong[:3]
    return {"book": book, "peer": peer, "peak": peak, "rows": found.limit_use.num_rows}


def _drawn(firms: int) -> Told:
    with duckdb.connect() as engine:
        rows = {}
        for name, schema in INPUTS.items():
            if name in _ROWS:
                rows[name] = engine.sql(_ROWS[name].format(n=firms)).to_arrow_table().select(schema.names).cast(schema)
            else:
                rows[name] = schema.empty_table()
        return Told(rows, engine.sql(_SETS.format(n=firms)).to_arrow_table().cast(GROUPS), DAY)


def _plain(told: Told) -> dict[str, float]:
    """Exposure of each client, note by note in dictionaries."""
    rows = {name: table.to_pylist() for name, table in told.rows.items() if name in _ROWS}
    states = {row["subject"]: row for row in rows["LoanNoteState"]}
    notes = {row["id"]: row for row in rows["LoanNote"]}
    lines = {row["id"]: row for row in rows["CreditLine"]}
    line_of = {row["number"]: row["credit_line"] for row in rows["Contract"]}
    rate = {"CNY": 1.0, "USD": rows["ExchangeRate"][0]["cny_per_unit"]}
    used: dict[str | None, float] = defaultdict(float)
    for one, note in notes.items():
        used[line_of.get(note["contract"])] += states[one]["balance_fen"] * rate[states[one]["currency"]]
    found: dict[str, float] = defaultdict(float)
    for row in rows["BORROWS"]:
        if row["dst"] in notes:
            state, note = states[row["dst"]], notes[row["dst"]]
            gross, margin = state["balance_fen"] * rate[state["currency"]], note["margin_fen"] * rate[note["currency"]]
            found[row["src"]] += max(gross - margin, 0.0)
        else:
            line = lines[row["dst"]]
            found[row["src"]] += 0.4 * max(line["limit_fen"] - used[line["number"]], 0.0)
    return found


if __name__ == "__main__":
    main()
