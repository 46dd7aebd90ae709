"""How much a day's snapshot costs beyond reading the rows: `python -m bench.snapshot [--rows N]`.

Guarantees between a fifth as many firms; one in ten was told twice. Times are the best of three, rows in Arrow.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from graph.ledger import BatchHeader, Ledger
from graph.snapshot import Snapshot

_ROWS = """
    SELECT md5((i % (9 * {rows} // 10))::VARCHAR) AS id, DATE '2020-01-01' + (i % 1000)::INT AS valid_from,
        DATE '9999-12-31' AS valid_to, 'state' AS action, md5(i::VARCHAR) AS content,
        'Firm' AS src_type, md5((i % ({rows} // 5))::VARCHAR) AS src,
        'Firm' AS dst_type, md5((i * 7 % ({rows} // 5))::VARCHAR) AS dst,
        i AS amount_fen, 'CNY' AS currency, 'bench.csv' AS file, i AS line
    FROM range({rows}) t(i)
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    rows = arguments.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder))
        print(f"append    {_load(ledger, rows):8.2f} s")
        snapshot = Snapshot(ledger, date(2099, 1, 1))
        firm = snapshot.table("GUARANTEES").limit(1).to_pyarrow()["src"].to_pylist()
        _report("scan", lambda: ledger.backend.con.sql(ledger.sql("GUARANTEES")).to_arrow_table())
        _report("snapshot", lambda: snapshot.read("GUARANTEES"))
        _report("history", lambda: snapshot.read_history("GUARANTEES"))
        _report("about", lambda: snapshot.about("GUARANTEES", "src", firm))


def _load(ledger: Ledger, rows: int) -> float:
    begun = time.perf_counter()
    with duckdb.connect() as source, ledger.begin(BatchHeader("bench")) as writer:
        writer.append("GUARANTEES", source.sql(_ROWS.format(rows=rows)).to_arrow_reader(100_000))
        writer.commit()
    return time.perf_counter() - begun


def _report(name: str, read: Callable[[], pa.Table]) -> None:
    best, rows = (float("inf"), 0.0), 0
    for _ in range(3):
        begun, processor = time.perf_counter(), time.process_time()
        rows = read().num_rows
        best = min(best, (time.perf_counter() - begun, time.process_time() - processor))
    print(f"{name:9} {best[0]:8.2f} s  {best[1]:6.2f} s of processors  {rows:>10,} rows")


if __name__ == "__main__":
    main()
