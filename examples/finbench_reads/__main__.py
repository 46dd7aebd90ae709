"""`python -m examples.finbench_reads`: the twelve reads with the given parameters on the store in use, against the oracle.

    python -m examples.finbench_reads [--sample 50] [--data DIR] [--home DIR] [--json FILE]

Figures are FinBench-derived and unaudited.
"""

import argparse
import json
import time
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from examples.finbench_reads.hops import Reads, Span
from examples.finbench_reads.oracle import Oracle, entity
from examples.finbench_reads.reads import READS
from yujing.settings import Settings
from yujing.wiring import open_ledger, open_store

KNOWN = date(2026, 1, 1)
Line = tuple[tuple[str, ...], tuple[int, int, int], tuple[float, ...]]
"""Ids, window (microseconds) with limit, and thresholds."""

_LABELS = {
    1: "Account",
    2: "Person",
    3: "Account",
    4: "Account",
    5: "Person",
    6: "Account",
    7: "Account",
    8: "LoanNote",
    9: "Account",
}
_PAIRS = {3, 4, 10}
_CYCLE = 4
_OVER = {6: 2, 7: 1, 8: 1, 9: 1}


def parameters(folder: Path, number: int) -> list[Line]:
    """Ids, window (microseconds) with limit, and thresholds of every line of a read's parameter file."""
    if not folder.is_dir():
        return drawn(folder.parent / "snapshot", number)
    found = []
    for line in (folder / f"complex_{number}_param.csv").read_text("utf-8").splitlines():
        parts = line.split("|")
        if parts[0].isdigit():
            ids = 2 if number in _PAIRS else 1
            over = _OVER.get(number, 0)
            start, end, *rest = parts[ids + over :]
            limit = int(rest[0]) if rest else 0
            window = int(start) * 1000, int(end) * 1000, limit
            found.append((tuple(parts[:ids]), window, tuple(float(part) for part in parts[ids : ids + over])))
    return found


def drawn(snapshot: Path, number: int, many: int = 300) -> list[Line]:
    """Where the data bring no parameters: so many, evenly out of the file of what a read begins with.

    In the window and with the truncation of the smaller scale. Of two accounts the first pays the other; of those of a cycle,
    a third pays on from that to the first.
    """
    label = _LABELS.get(number, "Person")
    file, column = {"Account": ("Account", 0), "LoanNote": ("Loan", 0), "Person": ("Person", 0)}[label]
    pairs = {3: "AccountTransferAccount", 4: "AccountTransferAccount"}
    if number in pairs:
        rows = [line.split("|")[:2] for line in (snapshot / f"{pairs[number]}.csv").read_text("utf-8").splitlines()[1:]]
        keys: list[tuple[str, ...]] = [(a, b) for a, b in rows if a != b]
        if number == _CYCLE:
            pays: dict[str, set[str]] = defaultdict(set)
            for a, b in rows:
                pays[a].add(b)
            keys = sorted({key for key in keys if any(key[0] in pays[c] for c in pays[key[1]] - {key[1]})})
    else:
        ids = [line.split("|")[column] for line in (snapshot / f"{file}.csv").read_text("utf-8").splitlines()[1:]]
        keys = list(pairwise(ids)) if number in _PAIRS else [(each,) for each in ids]
    window = 1_627_020_616_747_000, 1_669_690_342_640_000, 0 if number in _PAIRS else 500
    return [(key, window, (0.0,) * _OVER.get(number, 0)) for key in keys[:: max(1, len(keys) // many)][:many]]


def asked(number: int, ids: tuple[str, ...], over: tuple[float, ...]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Entity ids, and thresholds as both sides take them: amounts in fen, a ratio as it is."""
    label = _LABELS.get(number, "Person")
    scaled = over if number == 8 else tuple(each * 100 for each in over)
    more: tuple[Any, ...] = (scaled,) if number == 6 else scaled
    return tuple(entity(label, each) for each in ids), more


def main() -> None:
    """Asks, compares, prints; exit 1 where an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings = Settings()
    parser.add_argument("--data", type=Path, default=settings.data / "finbench-sf0.01")
    parser.add_argument("--sample", type=int, default=50, help="parameters of each read, evenly taken; 0 for all")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    oracle = Oracle(options.data / "snapshot")
    reader = open_store(settings, open_ledger(settings))
    reads = Reads(reader, KNOWN)
    table = Table(title=f"FinBench complex reads on {reader.engine} (FinBench-derived, unaudited)")
    for column in ("read", "asked", "equal", "rows", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    report, wrong = [], 0
    for number, read in READS.items():
        lines = parameters(options.data / "read_params", number)
        lines = lines[:: max(1, len(lines) // options.sample)][: options.sample] if options.sample else lines
        if number == _CYCLE:
            lines += drawn(options.data / "snapshot", number)  # of those given none is in a cycle
        spent, equal, rows = [], 0, 0
        for ids, window, over in lines:
            entities, more = asked(number, ids, over)
            begun = time.perf_counter()
            mine = read(reads, *entities, Span(*window), *more)
            spent.append((time.perf_counter() - begun) * 1000)
            equal += mine == oracle.ask(number, *ids, window, *more)
            rows += len(mine)
        p50, p99 = np.percentile(spent, [50, 99])
        wrong += len(lines) - equal
        table.add_row(f"TCR{number}", str(len(lines)), str(equal), f"{rows:,}", f"{p50:,.1f}", f"{p99:,.1f}")
        report.append({"read": number, "asked": len(lines), "equal": equal, "rows": rows, "p50_ms": p50, "p99_ms": p99})
    Console().print(table)
    reader.close()
    if options.json:
        options.json.write_text(json.dumps({"engine": reader.engine, "reads": report}, indent=1))
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
