"""Ingest of the 1,099,441 real invoices, every check on, against LadybugDB's raw COPY of the same CSV files.

    .venv/bin/python -m bench.ingest [--data ../shared/data]

Each contender runs in a process of its own, one after the other; wall and CPU seconds and peak memory are its own. The raw
COPY is measured two ways: the four files as they are, each into a node table (nothing is joined, nothing is checked), and as
relations between firms, from files rearranged for it beforehand (that preparation is not counted).
"""

import argparse
import gzip
import importlib
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

EXAMPLE = Path(__file__).parents[1] / "examples" / "sme-invoices" / "manifest.yaml"
THREADS = 2
_FILES = ("credit_history_input", "no_credit_history_input", "credit_history_output", "no_credit_history_output")
_PROPERTIES = "number STRING, day STRING, net DOUBLE, tax DOUBLE, gross DOUBLE, state STRING"


def ingest(data: Path, scratch: Path) -> int:
    """The example, whole: both firm files and all invoices."""
    from graph.ledger import Ledger
    from graph.personal import Vault
    from ingest.run import ingest as load

    home = scratch / "home"
    ledger = Ledger.open(home / "ledger", threads=THREADS)
    vault = Vault.open(home / "ledger", home / "keys" / "personal.key")
    return load(EXAMPLE, ledger, vault, quarantine=home / "quarantine", data_root=data).rows.read


def copy_nodes(data: Path, scratch: Path) -> int:
    """Raw COPY of the four files as they are."""
    import ladybug

    connection = ladybug.Connection(ladybug.Database(str(scratch / "nodes.db")), num_threads=THREADS)
    for name in _FILES:
        connection.execute(
            f"CREATE NODE TABLE {name}(i INT64 PRIMARY KEY, firm STRING, {_PROPERTIES.replace('net', 'other STRING, net')})"
        )
        connection.execute(f"COPY {name} FROM '{scratch / name}.csv' (header=true)")
    return sum(_count(connection, f"MATCH (n:{name}) RETURN count(n)") for name in _FILES)


def copy_relations(data: Path, scratch: Path) -> int:
    """Raw COPY of firms and of invoices between them, from files in the order that COPY wants."""
    import ladybug

    connection = ladybug.Connection(ladybug.Database(str(scratch / "relations.db")), num_threads=THREADS)
    connection.execute("CREATE NODE TABLE Firm(code STRING PRIMARY KEY)")
    connection.execute(f"CREATE REL TABLE INVOICES(FROM Firm TO Firm, {_PROPERTIES})")
    connection.execute(f"COPY Firm FROM '{scratch / 'firms'}.csv' (header=true)")
    for name in _FILES:
        connection.execute(f"COPY INVOICES FROM '{scratch / name}.relations.csv' (header=true)")
    return _count(connection, "MATCH ()-[r:INVOICES]->() RETURN count(r)")


def _count(connection: Any, query: str) -> int:
    return int(connection.execute(query).get_next()[0])


OURS = "yujing ingest, every check on"
CONTENDERS: dict[str, Callable[[Path, Path], int]] = {
    OURS: ingest,
    "LadybugDB COPY, files as they are": copy_nodes,
    "LadybugDB COPY, as relations": copy_relations,
}


def prepare(data: Path, scratch: Path) -> int:
    """Unpacks the files, and rearranges them for the relations' COPY. Returns the bytes unpacked."""
    import duckdb

    size = 0
    for name in _FILES:
        with gzip.open(data / "sme-invoices" / f"{name}_invoices.csv.gz") as packed, (scratch / f"{name}.csv").open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        size += (scratch / f"{name}.csv").stat().st_size
        read = f"read_csv('{scratch / name}.csv', all_varchar = true, header = true)"
        columns = [f'"{column}"' for column, *_ in duckdb.execute(f"SELECT * FROM {read} LIMIT 0").description]
        firm, number, day, other, *amounts = columns[1:]
        ends = f"{other}, {firm}" if "input" in name else f"{firm}, {other}"
        target = f"'{scratch / name}.relations.csv'"
        duckdb.execute(f"COPY (SELECT {ends}, {number}, {day}, {', '.join(amounts)} FROM {read}) TO {target} (HEADER)")
    both = " UNION ".join(
        f"SELECT c{end} FROM read_csv('{scratch}/*.relations.csv', header = false, skip = 1, all_varchar = true, "
        f"names = ['c0', 'c1', 'n', 'd', 'a', 't', 'g', 's'])"
        for end in (0, 1)
    )
    duckdb.execute(f"COPY ({both}) TO '{scratch / 'firms'}.csv' (HEADER)")
    return size


def _run(name: str, data: Path, scratch: Path) -> None:
    for module in ("ladybug",) if name != OURS else ("ingest.run", "graph.personal"):
        importlib.import_module(module)  # before the clock starts: starting Python is nobody's rate
    began, cpu = time.perf_counter(), time.process_time()
    rows = CONTENDERS[name](data, scratch)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (scratch / "told.json").write_text(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "peak_mib": peak}), "utf-8")


def measure(data: Path) -> tuple[int, dict[str, dict[str, float]]]:
    """Bytes of the unpacked CSV, and what each contender took."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder:
        scratch = Path(folder)
        size = prepare(data, scratch)
        found = {}
        for name in CONTENDERS:
            process = context.Process(target=_run, args=(name, data, scratch))
            process.start()
            process.join()
            found[name] = json.loads((scratch / "told.json").read_text("utf-8"))
    return size, found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    size, found = measure(parser.parse_args().data)
    own = found[OURS]
    table = Table(title=f"{own['rows']:,.0f} rows, {size / 1e6:.0f} MB of CSV, {THREADS} threads")
    for heading in ("", "rows", "seconds", "CPU s", "rows/s", "peak MiB", "ingest's rate to its"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, told in found.items():
        rate, ratio = told["rows"] / told["seconds"], own["rows"] / own["seconds"] / (told["rows"] / told["seconds"])
        figures = (
            f"{told['rows']:,.0f}",
            f"{told['seconds']:.1f}",
            f"{told['cpu']:.1f}",
            f"{rate:,.0f}",
            f"{told['peak_mib']:,.0f}",
        )
        table.add_row(name, *figures, f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
