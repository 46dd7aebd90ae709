"""Ingest of the 1,099,441 real invoices, every check on, against LadybugDB's raw COPY of the same CSV files, and plain pandas.

    .venv/bin/python -m bench.ingest [--data ../shared/data] [--times 4 10]

Each contender runs in a process of its own, one after the other; wall and CPU seconds and peak memory are its own. The raw
COPY is measured two ways: the four files as they are, each into a node table (nothing is joined, nothing is checked), and as
relations between firms, from files rearranged for it beforehand (that preparation is not counted). `bench.plain_pandas` does
what ingest does, the way one would with pandas. `--times`: ingest alone again, of files so many times as long (other invoices of
other counterparties): whether time grows with the rows, and memory does not.
"""

import argparse
import gzip
import importlib
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.peak import peak_mib

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


def ingest_grown(data: Path, scratch: Path) -> int:
    """The example over the longer files that `grow` made."""
    from graph.ledger import Ledger
    from graph.personal import Vault
    from ingest.run import ingest as load

    home, files = scratch / "home", scratch / "grown"
    ledger = Ledger.open(home / "ledger", threads=THREADS)
    vault = Vault.open(home / "ledger", home / "keys" / "personal.key")
    return load(files / "manifest.yaml", ledger, vault, quarantine=home / "quarantine", data_root=files).rows.read


def pandas_way(data: Path, scratch: Path) -> int:
    """The same files with pandas."""
    from bench.plain_pandas import load

    return load([data / "sme-invoices" / f"{name}_invoices.csv.gz" for name in _FILES], scratch)


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
    "plain pandas, same checks": pandas_way,
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


def grow(data: Path, scratch: Path, times: int) -> None:
    """The example's files, the invoices so many times over: other numbers, other counterparties in each copy."""
    import duckdb

    grown = scratch / "grown"
    shutil.rmtree(grown, ignore_errors=True)
    (grown / "sme-invoices").mkdir(parents=True)
    for name in ("credit_history", "no_credit_history"):
        shutil.copy(data / "sme-invoices" / f"{name}_enterprises.csv", grown / "sme-invoices")
    for name in _FILES:
        read = f"read_csv('{scratch / name}.csv', all_varchar = true, header = true)"
        columns = [f'"{column}"' for column, *_ in duckdb.execute(f"SELECT * FROM {read} LIMIT 0").description]
        number, other = next(c for c in columns if "号码" in c), next(c for c in columns if "单位代号" in c)
        renamed = f"copy || {number} AS {number}, {other} || '-' || copy AS {other}"
        copied = f"SELECT * REPLACE ({renamed}) FROM {read}, range({times}) c(copy)"
        target = grown / "sme-invoices" / f"{name}_invoices.csv"
        duckdb.execute(f"COPY (SELECT * EXCLUDE (copy) FROM ({copied})) TO '{target}' (HEADER)")
    manifest = EXAMPLE.read_text("utf-8").replace(".csv.gz", ".csv")
    (grown / "manifest.yaml").write_text(manifest.replace('"#1"', "column0"), "utf-8")
    shutil.copy(EXAMPLE.with_name("ontology.yaml"), grown)


def _run(name: str, data: Path, scratch: Path) -> None:
    modules = {"ladybug"} if "Ladybug" in name else {"pandas"} if "pandas" in name else {"ingest.run", "graph.personal"}
    for module in modules:
        importlib.import_module(module)  # before the clock starts: starting Python is nobody's rate
    began, cpu = time.perf_counter(), time.process_time()
    rows = CONTENDERS.get(name, ingest_grown)(data, scratch)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = peak_mib()
    (scratch / "told.json").write_text(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "peak_mib": peak}), "utf-8")


def measure(data: Path, times: list[int]) -> tuple[int, dict[str, dict[str, float]]]:
    """Bytes of the unpacked CSV, and what each contender took."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder:
        scratch = Path(folder)
        size = prepare(data, scratch)
        found = {}
        for name in [*CONTENDERS, *(f"{OURS}, {each}x the rows" for each in times)]:
            shutil.rmtree(scratch / "home", ignore_errors=True)
            if name not in CONTENDERS:
                grow(data, scratch, int(name.split()[-3].removesuffix("x")))
            process = context.Process(target=_run, args=(name, data, scratch))
            process.start()
            process.join()
            found[name] = json.loads((scratch / "told.json").read_text("utf-8"))
    return size, found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--times", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    size, found = measure(arguments.data, arguments.times)
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
    Console(width=140).print(table)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
