"""A world by hand: a few firms and what is between them, written through the real ledger.

world = World(tmp_path)
world.firm("A", name="甲公司").firm("B", known="2025-02-01")
world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", amount_fen=100)
world.commit()
world.snapshot("2025-06-30").read("GUARANTEES")
"""

import hashlib
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph.clock import OPEN_END, START_OF_TIME, end_of_day_us
from graph.identity import entity_id, record_id
from graph.ledger import BatchHeader, Ledger
from graph.ledger.schema import ledger_schema
from graph.ledger.versions import NEW, classify, content_sql
from graph.ontology import EntityType, Kind
from graph.snapshot import Snapshot

SOURCE = "world"


class World:
    """Methods add rows to the next batch; `commit` writes them. Days are ISO strings; `known` is the day the bank learnt it."""

    def __init__(self, root: Path, feed: str = "world") -> None:
        self.ledger = Ledger.open(root / "ledger", memory_limit="1GB")
        self.feed = feed
        self._folder = root / "candidates"
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._types: dict[str, str] = {}
        self._line = 0

    def firm(self, key: str, **told: Any) -> "World":
        return self.entity("Firm", key, **told)

    def person(self, key: str, **told: Any) -> "World":
        return self.entity("Person", key, **told)

    def entity(self, type_name: str, key: str, *, source: str = SOURCE, stub: bool = False, **told: Any) -> "World":
        """One state of an entity; its name defaults to its key where the type has names."""
        self._types[key] = type_name
        kind = self.ledger.ontology.get(type_name)
        if not stub and any(p.name == "name" for p in kind.properties):
            told.setdefault("name", key)
        row = {"id": record_id(type_name, source, key), "source": source, "key": key, "stub": stub}
        return self._add(type_name, row, told)

    def relation(self, type_name: str, src: str, dst: str, *, occurrence: int = 0, **told: Any) -> "World":
        """One state of the relation between two entities already named; `occurrence` tells parallel ones apart."""
        ends = {"src_type": self._types[src], "src": self.record(src), "dst_type": self._types[dst], "dst": self.record(dst)}
        return self._add(type_name, {"id": _hash(type_name, src, dst, str(occurrence)), **ends}, told)

    def fact(self, type_name: str, subject: str, *, occurrence: int | str = 0, **told: Any) -> "World":
        """One state of a fact about an entity already named. Of a happening each `valid_from` is a fact of its own."""
        about = {"subject_type": self._types[subject], "subject": self.record(subject)}
        return self._add(type_name, {"id": _hash(type_name, subject, str(occurrence)), **about}, told)

    def close(self, on: str, *, known: str) -> "World":
        """Says that the state added last ended `on` that day, as the bank learnt when `known`."""
        return self._again(action="close", valid_to=_day(on), recorded_at=self._instant(known))

    def retract(self, *, known: str) -> "World":
        """Says that the state added last never was so, as the bank learnt when `known`."""
        return self._again(action="retract", recorded_at=self._instant(known))

    def commit(self) -> int:
        """Writes what was added since the last commit, as one backfilled batch; returns its `batch_seq`."""
        with self.ledger.begin(BatchHeader(self.feed, "worlds", backfill=True)) as writer:
            for type_name, rows in self._rows.items():
                new = self._new_versions(type_name, rows)
                if new.num_rows:
                    writer.append(type_name, new)
            self._rows.clear()
            return writer.commit()

    @property
    def keys(self) -> list[str]:
        """Every key that was named so far."""
        return list(self._types)

    def snapshot(self, day: str, ledger_seq: int | None = None) -> Snapshot:
        return Snapshot(self.ledger, date.fromisoformat(day), ledger_seq)

    def record(self, key: str) -> str:
        return record_id(self._types[key], SOURCE, key)

    def id(self, key: str) -> str:
        """The entity id that the entity called `key` has by itself."""
        return entity_id(self._types[key], self.record(key))

    def _add(self, type_name: str, row: dict[str, Any], told: dict[str, Any]) -> "World":
        kind = self.ledger.ontology.get(type_name)
        self._line += 1
        row |= {
            "valid_from": _day(told.pop("valid_from", START_OF_TIME)),
            "valid_to": _day(told.pop("valid_to", OPEN_END)),
            "recorded_at": self._instant(told.pop("known", "2025-01-01")),
            "action": "state",
            "file": "world.csv",
            "line": self._line,
            "feed": told.pop("feed", self.feed),
        }
        if any(p.kind is Kind.MONEY for p in kind.properties):
            told.setdefault("currency", None if isinstance(kind, EntityType) and row["stub"] else "CNY")
        days = {p.name for p in kind.properties if p.kind is Kind.DAY}
        self._last = type_name, {**row, **{k: _day(v) if k in days else v for k, v in told.items()}}
        self._rows[type_name].append(self._last[1])
        return self

    def _again(self, **changed: Any) -> "World":
        type_name, row = self._last
        self._line += 1
        self._rows[type_name].append({**row, **changed, "line": self._line})
        return self

    def _instant(self, day: str) -> int:
        return end_of_day_us(date.fromisoformat(day), self.ledger.time_zone) - 1_000_000 + self._line

    def _new_versions(self, type_name: str, rows: list[dict[str, Any]]) -> pa.Table:
        schema = ledger_schema(self.ledger.ontology, type_name)
        unknown = {name for row in rows for name in row} - set(schema.names)
        assert not unknown, f"{type_name} has no {unknown}"
        raw = pa.Table.from_pylist(rows, schema)
        hashed = f"SELECT * REPLACE ({content_sql(self.ledger.ontology.get(type_name))} AS content) FROM raw"
        connection = self.ledger.backend.con.cursor()
        connection.register("raw", raw)
        self._folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(connection.sql(hashed).to_arrow_table(), self._folder / f"{type_name}.parquet")
        told = classify(self.ledger, type_name, [self._folder / f"{type_name}.parquet"])
        new: pa.Table = told.filter(told._status == NEW).drop("_status").order_by("line").to_pyarrow()
        return new.select(schema.names)


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
