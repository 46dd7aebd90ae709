# ruff: noqa: E501 (a pattern reads better on one line)
"""The twelve complex reads of LDBC FinBench against one plain Cypher pattern each, on the same store, for the same parameters.

    python -m bench.finbench [--sample 30] [--data DIR] [--neo4j] [--json FILE]

FinBench-derived and unaudited. The patterns are what one writes by hand from the specification; they neither truncate nor ask for a
day of the two clocks, which favours them. Where a trace must ascend in time, a pattern for each length.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ladybug
import numpy as np
import polars as pl

from cypher.loader import Statement
from deploy.neo4j import server
from examples.finbench_reads.__main__ import KNOWN, asked, parameters
from examples.finbench_reads.hops import Reads, Span
from examples.finbench_reads.reads import READS, STEPS
from graph.ledger import Ledger
from graph.store import GraphReader
from graph.stores import LadybugStore, Neo4jStore, Neo4jTarget, build_neo4j
from graph.stores.generations import current_name
from graph.stores.neo4j_session import Neo4jSession
from yujing.settings import Settings

TIMEOUT_S = 10
Ask = Callable[[str, tuple[str, ...]], int]


def _in(*edges: str, at: str = "at") -> str:
    return " AND ".join(f"$since < {edge}.{at} AND {edge}.{at} < $until" for edge in edges)


def _chain(length: int, way: str) -> tuple[str, str, str]:
    """A pattern of transfers from `a` to `o`, ascending away from the borrower's side or towards it, and its far nodes."""
    left, right = ("-", "->") if way == "out" else ("<-", "-")
    nodes = [*(f"n{i}" for i in range(1, length)), "o"]
    pattern = "".join(f"{left}[e{i}:TRANSFERS]{right}({node}:Account)" for i, node in enumerate(nodes, 1))
    sign = "<" if way == "out" else ">"
    order = [f"e{i}.at {sign} e{i + 1}.at" for i in range(1, length)]
    return pattern, " AND ".join([_in(*(f"e{i}" for i in range(1, length + 1))), *order]), ", ".join(f"{n}.id" for n in nodes)


def _union(one: Callable[[int], str]) -> str:
    return " UNION ".join(one(length) for length in range(1, STEPS + 1))


def _tcr1(length: int) -> str:
    pattern, where, _ = _chain(length, "out")
    end = "<-[s:SIGNS_IN]-(m:Medium)-[v:STATE_Medium]->(m)"
    return (
        f"MATCH (a:Account {{id: $id0}}){pattern}{end} WHERE {where} AND {_in('s')} AND v.blocked "
        f"RETURN DISTINCT o.id AS o, {length} AS d, m.id AS m, v.medium_type AS t"
    )


def _tcr2(length: int) -> str:
    pattern, where, _ = _chain(length, "in")
    return (
        f"MATCH (p:Person {{id: $id0}})-[:OWNS_ACCOUNT]->(a:Account){pattern}<-[d:DISBURSES]-(l:LoanNote)-[v:STATE_LoanNote]->(l) "
        f"WHERE {where} AND {_in('d')} RETURN DISTINCT o.id AS o, l.id AS l, v.principal_fen AS x, v.balance_fen AS y"
    )


def _tcr5(length: int) -> str:
    pattern, where, _ = _chain(length, "out")
    nodes = ["a", *(f"n{i}" for i in range(1, length)), "o"]
    apart = " AND ".join(f"{x}.id <> {y}.id" for i, x in enumerate(nodes) for y in nodes[i + 1 :])
    path = " + '>' + ".join(f"{node}.id" for node in nodes)
    return (
        f"MATCH (p:Person {{id: $id0}})-[:OWNS_ACCOUNT]->(a:Account){pattern} WHERE {where} AND {apart} "
        f"RETURN DISTINCT {path} AS path"
    )


_SUM = "count(DISTINCT {0}.id) AS n{0}, sum({0}.amount_fen) AS s{0}"
PATTERNS: dict[int, str | dict[str, str]] = {
    1: _union(_tcr1),
    2: _union(_tcr2),
    3: {
        "ladybug": "MATCH p = (a:Account {id: $id0})-[e:TRANSFERS* SHORTEST 1..30 (r, n | WHERE r.at > $since AND r.at < $until)]->"
        "(b:Account {id: $id1}) RETURN length(e)",
        "neo4j": "MATCH p = shortestPath((a:Account {id: $id0})-[:TRANSFERS*..30]->(b:Account {id: $id1})) "
        "WHERE all(r IN relationships(p) WHERE r.at > $since AND r.at < $until) RETURN length(p)",
    },
    4: "MATCH (a:Account {id: $id0})-[e1:TRANSFERS]->(b:Account {id: $id1})-[e3:TRANSFERS]->(o:Account)-[e2:TRANSFERS]->(a) "
    f"WHERE {_in('e1', 'e2', 'e3')} RETURN o.id AS o, count(DISTINCT e2.id), max(e2.amount_fen), count(DISTINCT e3.id), max(e3.amount_fen)",
    5: _union(_tcr5),
    6: "MATCH (a:Account {id: $id0})<-[w:WITHDRAWS]-(m:Account)<-[e:TRANSFERS]-(s:Account) "
    f"WHERE {_in('w', 'e')} AND w.amount_fen > $over0 AND e.amount_fen > $over1 "
    "WITH m, count(DISTINCT e.id) AS n, sum(e.amount_fen) AS x, max(w.amount_fen) AS y WHERE n > 3 RETURN m.id, x, y",
    7: f"MATCH (s:Account)-[e:TRANSFERS]->(a:Account {{id: $id0}}) WHERE {_in('e')} AND e.amount_fen > $over0 "
    "RETURN count(DISTINCT s.id) AS n, sum(e.amount_fen) AS x UNION ALL "
    f"MATCH (a:Account {{id: $id0}})-[e:TRANSFERS]->(s:Account) WHERE {_in('e')} AND e.amount_fen > $over0 "
    "RETURN count(DISTINCT s.id) AS n, sum(e.amount_fen) AS x",
    8: {
        "ladybug": "MATCH (l:LoanNote {id: $id0})-[d:DISBURSES]->(s:Account)-[e:TRANSFERS|WITHDRAWS*1..3 "
        "(r, n | WHERE r.at > $since AND r.at < $until)]->(o:Account) WHERE $since < d.at AND d.at < $until RETURN o.id, min(length(e))",
        "neo4j": "MATCH (l:LoanNote {id: $id0})-[d:DISBURSES]->(s:Account)-[e:TRANSFERS|WITHDRAWS*1..3]->(o:Account) "
        "WHERE $since < d.at AND d.at < $until AND all(r IN e WHERE r.at > $since AND r.at < $until) RETURN o.id, min(size(e))",
    },
    9: " UNION ALL ".join(
        f"MATCH (a:Account {{id: $id0}}){hop} WHERE {_in('e')} AND e.amount_fen > $over0 RETURN sum(e.amount_fen) AS x"
        for hop in (
            "<-[e:DISBURSES]-(b:LoanNote)", "-[e:REPAYS]->(b:LoanNote)", "<-[e:TRANSFERS]-(b:Account)", "-[e:TRANSFERS]->(b:Account)",
        )
    ),
    10: " UNION ALL ".join(
        f"MATCH (p:Person {{id: $id{n}}})-[e:HOLDS_SHARES]->(c:Firm) WHERE {_in('e', at='created_at')} RETURN DISTINCT {n} AS n, c.id AS c"
        for n in (0, 1)
    ),
    11: {
        "ladybug": "MATCH (p:Person {id: $id0})-[g:GUARANTEES*1..10 (r, n | WHERE r.created_at > $since AND r.created_at < $until)]->(q:Person)"
        "-[:BORROWS]->(l:LoanNote)-[v:STATE_LoanNote]->(l) RETURN DISTINCT l.id, v.principal_fen",
        "neo4j": "MATCH (p:Person {id: $id0})-[g:GUARANTEES*1..10]->(q:Person)-[:BORROWS]->(l:LoanNote)-[v:STATE_LoanNote]->(l) "
        "WHERE all(r IN g WHERE r.created_at > $since AND r.created_at < $until) RETURN DISTINCT l.id, v.principal_fen",
    },
    12: f"MATCH (p:Person {{id: $id0}})-[:OWNS_ACCOUNT]->(a:Account)-[e:TRANSFERS]->(o:Account)<-[:OWNS_ACCOUNT]-(f:Firm) WHERE {_in('e')} "
    "RETURN o.id, sum(e.amount_fen)",
}  # fmt: skip


def pattern_of(number: int, engine: str) -> str:
    """The pattern of a read as one engine takes it."""
    told = PATTERNS[number]
    return told if isinstance(told, str) else told[engine]


def ladybug_peer(root: Path) -> Callable[[int, dict[str, Any]], int]:
    """Patterns on the generation in use, each prepared once."""
    database = ladybug.Database(root / current_name(root) / "graph.lbug", buffer_pool_size=1 << 29, read_only=True)
    connection = ladybug.Connection(database)
    connection.set_query_timeout(TIMEOUT_S * 1000)

    def ask(number: int, values: dict[str, Any]) -> int:
        text = pattern_of(number, "ladybug")
        try:
            return len(connection.execute(text, {k: v for k, v in values.items() if f"${k}" in text}).get_all())  # type: ignore[union-attr]
        except RuntimeError as problem:
            if "nterrupt" in str(problem):
                return -1
            raise

    return ask


def neo4j_peer(target: Neo4jTarget) -> Callable[[int, dict[str, Any]], int]:
    """Patterns on the server."""
    session = Neo4jSession(target)
    return lambda number, values: len(session.read(Statement(pattern_of(number, "neo4j")), values))


def compare(reader: GraphReader, peer: Callable[[int, dict[str, Any]], int], data: Path, sample: int) -> list[dict[str, Any]]:
    """p50 and p99 of both, read by read."""
    reads, found = Reads(reader, KNOWN), []
    for number, read in READS.items():
        lines = parameters(data / "read_params", number)
        lines = lines[:: max(1, len(lines) // sample)][:sample]
        ours, theirs, slow = [], [], 0
        for place, (ids, window, over) in enumerate(lines[:2] + lines):
            entities, more = asked(number, ids, over)
            begun = time.perf_counter()
            read(reads, *entities, Span(*window), *more)
            mine = time.perf_counter() - begun
            values: dict[str, Any] = {f"id{n}": each for n, each in enumerate(entities)} | {"since": window[0], "until": window[1]}
            values |= {f"over{n}": each for n, each in enumerate(over)}
            begun = time.perf_counter()
            slow += peer(number, values) < 0
            if place >= 2:  # the first two warm both up
                ours.append(mine * 1000)
                theirs.append((time.perf_counter() - begun) * 1000)
        mine_at, theirs_at = (np.percentile(side, [50, 99]) for side in (ours, theirs))
        found.append(
            {"read": number, "asked": len(lines), "ours": mine_at.tolist(), "pattern": theirs_at.tolist(), "too_slow": slow}
            | {"p50_ratio": mine_at[0] / theirs_at[0], "p99_ratio": mine_at[1] / theirs_at[1]}
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings = Settings()
    parser.add_argument("--data", type=Path, default=settings.data / "finbench-sf0.01")
    parser.add_argument("--sample", type=int, default=30, help="parameters of each read")
    parser.add_argument("--neo4j", action="store_true", help="on a Neo4j of its own, too")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        options.data = _in_one_shape(options.data, home)
        environment = os.environ | {"YUJING_HOME": folder, "YUJING_DATA": str(options.data.parent)}
        manifest = _manifest(home, options.data.name)
        for step in (["ingest", str(manifest)], ["graph", "build"]):
            subprocess.run([sys.executable, "-m", "yujing", *step], env=environment, check=False, stdout=subprocess.DEVNULL)
        store = LadybugStore(home / "graph")
        results["ladybug"] = compare(store, ladybug_peer(home / "graph"), options.data, options.sample)
        store.close()
        if options.neo4j:
            ledger = Ledger.open(home / "ledger")
            with server.running(server.ServerOptions(home / "neo4j", heap="1g")) as running:
                target = Neo4jTarget(running.uri, running.user, running.password)
                build_neo4j(ledger, target)
                results["neo4j"] = compare(Neo4jStore(target, ledger.ontology), neo4j_peer(target), options.data, options.sample)
    for engine, rows in results.items():
        print(_table(engine, rows))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB; FinBench-derived, unaudited")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def _in_one_shape(data: Path, home: Path) -> Path:
    """Data of scale 0.1 and above have more columns, and one under another name: a copy as scale 0.01 has them."""
    header = (data / "snapshot" / "Account.csv").open(encoding="utf-8").readline()
    if "accoutType" in header:
        return data
    shaped = home / "data" / data.name
    (shaped / "snapshot").mkdir(parents=True)
    for file in sorted((data / "snapshot").glob("*.csv")):
        rows = pl.read_csv(file, separator="|", infer_schema=False, quote_char=None).rename(
            {"accountType": "accoutType"}, strict=False
        )
        more = {"fromType", "toType"} | ({"comment"} if file.stem != "AccountTransferAccount" else set())
        more |= {"loanAmount"} if file.stem.endswith("ApplyLoan") else set()
        if "birthday" in rows.columns:
            rows = rows.with_columns(pl.col("birthday") + " 00:00:00")
        rows.drop(more, strict=False).write_csv(shaped / "snapshot" / file.name, separator="|", quote_style="never")
    return shaped


def _manifest(home: Path, name: str) -> Path:
    """The example's manifest for a scale of the data."""
    here = Path(__file__).parents[1] / "examples" / "finbench"
    (home / "ontology.yaml").write_text((here / "ontology.yaml").read_text("utf-8"), "utf-8")
    told = (here / "manifest.yaml").read_text("utf-8").replace("finbench-sf0.01/", f"{name}/")
    (home / "manifest.yaml").write_text(told, "utf-8")
    return home / "manifest.yaml"


def _table(engine: str, rows: list[dict[str, Any]]) -> str:
    lines = [
        f"{engine:8}{'ours p50':>10}{'p99 ms':>10}{'pattern p50':>13}{'p99 ms':>10}{'ratio p50':>11}{'p99':>8}{'too slow':>10}"
    ]
    for row in rows:
        ours, theirs = row["ours"], row["pattern"]
        figures = (
            f"{ours[0]:>10.2f}{ours[1]:>10.2f}{theirs[0]:>13.2f}{theirs[1]:>10.2f}{row['p50_ratio']:>11.2f}{row['p99_ratio']:>8.2f}"
        )
        lines.append(f"TCR{row['read']:<5}{figures}{row['too_slow']:>10}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
