"""How much a day's snapshot costs beyond reading the rows: `python -m bench.snapshot [--rows N] [--against N]`.

Guarantees between a fifth as many firms; one in ten was told twice. The peer is a plain DuckDB scan of the same columns of the
same Parquet files. Both stream their rows in Arrow batches. Each is measured before and after `ledger optimize`, best of three,
in a process of its own, so that peak memory is its own. `--against` does the same at another size, for how time grows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from bench.peak import peak_mib
from graph.ledger import BatchHeader, Ledger
from graph.ledger.upkeep import UpkeepOptions, optimize
from graph.snapshot import Snapshot

_BATCHES = 10  # as many loads, so that there are files to bring together
_ROWS = """
    SELECT md5((i % (9 * {rows} // 10))::VARCHAR) AS id, DATE '2020-01-01' + (i % 1000)::INT AS valid_from,
        DATE '9999-12-31' AS valid_to, 'state' AS action, md5(i::VARCHAR) AS content,
        'Firm' AS src_type, md5((i % ({rows} // 5))::VARCHAR) AS src,
        'Firm' AS dst_type, md5((i * 7 % ({rows} // 5))::VARCHAR) AS dst,
        i AS amount_fen, 'CNY' AS currency, 'bench.csv' AS file, i AS line
    FROM range({first}, {last}) t(i)
"""
_MEASURES = ("scan", "snapshot", "about")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--against", type=int, default=0)
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments.root, arguments.measure)))
        return
    first = _whole(arguments.rows)
    if arguments.against:
        second = _whole(arguments.against)
        grown = arguments.against / arguments.rows
        print(f"{grown:g} times the rows: {second / first:.1f} times the processor seconds of a snapshot")


def _whole(rows: int) -> float:
    """Loads, measures, optimizes, measures again; the processor seconds of the last snapshot."""
    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder:
        root = Path(folder)
        loaded = _load(root, rows)
        print(f"{rows:,} rows, loaded in {loaded:.1f} s")
        print(f"{'':10} {'files':>5}  {'':8} {'seconds':>8} {'CPU s':>7} {'peak MiB':>8} {'to scan':>8}")
        _compare(root, "loaded")
        with closing(Ledger.open(root)) as ledger:
            begun = time.perf_counter()
            optimize(ledger, UpkeepOptions(whole=True))
            print(f"optimize --whole: {time.perf_counter() - begun:.1f} s")
        return _compare(root, "optimized")


def _compare(root: Path, state: str) -> float:
    told = {name: _own_process(root, name) for name in _MEASURES}
    for name, each in told.items():
        ratio = each["cpu"] / told["scan"]["cpu"]
        figures = f"{each['seconds']:8.2f} {each['cpu']:7.2f} {each['peak']:8.0f} {ratio:8.2f}"
        print(f"{state:10} {each['files']:5.0f}  {name:8} {figures}")
    return told["snapshot"]["cpu"]


def _own_process(root: Path, measure: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.snapshot", "--root", str(root), "--measure", measure]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def _measure(root: Path, measure: str) -> dict[str, float]:
    with closing(Ledger.open(root)) as ledger:
        snapshot = Snapshot(ledger, date(2099, 1, 1))
        files = ledger.files("GUARANTEES").paths
        columns = ", ".join(name for name in snapshot.table("GUARANTEES").columns if name != "batch_seq")
        plain = f"SELECT {columns} FROM read_parquet({list(files)}, union_by_name = true)"
        firm = snapshot.table("GUARANTEES").limit(1).to_pyarrow()["src"].to_pylist()
        work: dict[str, Callable[[], object]] = {
            "scan": lambda: _stream(ledger, plain),
            "snapshot": lambda: _stream(ledger, snapshot.sql("GUARANTEES")),
            "about": lambda: snapshot.about("GUARANTEES", "src", firm),
        }
        seconds, cpu = min(_timed(work[measure]) for _ in range(3))
    peak = peak_mib()
    return {"seconds": seconds, "cpu": cpu, "peak": peak, "files": len(files)}


def _stream(ledger: Ledger, sql: str) -> int:
    reader: pa.RecordBatchReader = ledger.backend.con.cursor().sql(sql).to_arrow_reader(122_880)
    return sum(batch.num_rows for batch in reader)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    begun, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - processor


def _load(root: Path, rows: int) -> float:
    begun = time.perf_counter()
    with duckdb.connect() as source, closing(Ledger.open(root)) as ledger:
        for part in range(_BATCHES):
            first, last = part * rows // _BATCHES, (part + 1) * rows // _BATCHES
            with ledger.begin(BatchHeader("bench")) as writer:
                writer.append("GUARANTEES", source.sql(_ROWS.format(rows=rows, first=first, last=last)).to_arrow_reader(100_000))
                writer.commit()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
