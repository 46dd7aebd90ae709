"""What is new, what was told before, what contradicts itself, and what a full feed no longer tells."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.clock import OPEN_END
from graph.ledger import BatchHeader, Ledger
from graph.ledger.schema import ledger_schema
from graph.ledger.versions import NEW, classify, closings, content_sql
from graph.ontology.load import OntologyAdditions

JANUARY, JUNE = date(2025, 1, 1), date(2025, 6, 1)


class Feed:
    """A feed of guarantees as ingest would load it: candidates to a file, compared, new ones committed."""

    def __init__(self, root: Path, name: str = "credit", type_name: str = "GUARANTEES", backfill: bool = False) -> None:
        self.ledger = Ledger.open(root / "ledger", memory_limit="500MB")
        self.name, self.type_name, self.backfill = name, type_name, backfill
        self.file = root / f"{name}.parquet"

    def tell(self, *rows: dict[str, Any]) -> list[str]:
        """Loads `rows`; returns what each of them was found to be."""
        self.stage(*rows)
        found = classify(self.ledger, self.type_name, [self.file]).order_by("line").to_pyarrow()
        new = found.filter(pa.compute.equal(found["_status"], NEW)).drop_columns("_status")
        self.commit(new)
        return [str(status) for status in found["_status"].to_pylist()]

    def stage(self, *rows: dict[str, Any]) -> None:
        schema = ledger_schema(self.ledger.ontology, self.type_name)
        raw = pa.Table.from_pylist([{**row, "feed": self.name, "line": line} for line, row in enumerate(rows)], schema)
        kind = self.ledger.ontology.get(self.type_name)
        with duckdb.connect() as connection:
            connection.register("raw", raw)
            pq.write_table(
                connection.sql(f"SELECT * REPLACE ({content_sql(kind)} AS content) FROM raw").to_arrow_table(), self.file
            )

    def stop_telling(self, ended_on: date) -> int:
        """Closes what the staged rows of this full feed leave out; returns how many."""
        gone: pa.Table = closings(self.ledger, self.type_name, self.name, [self.file], ended_on).to_pyarrow()
        self.commit(gone)
        return int(gone.num_rows)

    def commit(self, rows: pa.Table) -> None:
        with self.ledger.begin(BatchHeader(self.name, backfill=self.backfill)) as writer:
            writer.append(self.type_name, rows)
            writer.commit()

    def held(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ledger.table(self.type_name).order_by("batch_seq", "line").to_pyarrow().to_pylist()
        return rows


def guarantee(amount_fen: int | None, key: str = "g", **told: Any) -> dict[str, Any]:
    state = {
        "id": key,
        "valid_from": JANUARY,
        "valid_to": OPEN_END,
        "action": "state",
        "amount_fen": amount_fen,
        "src": "a",
        "dst": "b",
    }
    return {**state, **told}


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return Feed(tmp_path)


def test_the_same_file_again_says_nothing_new(feed: Feed) -> None:
    rows = guarantee(5), guarantee(7, "h"), guarantee(9, valid_from=JUNE)
    assert feed.tell(*rows) == ["new"] * 3
    assert feed.tell(*rows) == ["unchanged"] * 3


def test_back_and_forth_is_three_versions(feed: Feed) -> None:
    assert [feed.tell(guarantee(amount)) for amount in (5, 7, 5, 5)] == [["new"], ["new"], ["new"], ["unchanged"]]


def test_a_closed_or_retracted_state_told_again_is_new(feed: Feed) -> None:
    assert feed.tell(guarantee(5)) == feed.tell(guarantee(5, action="close", valid_to=JUNE)) == ["new"]
    assert feed.tell(guarantee(5, action="close", valid_to=JUNE)) == ["unchanged"]
    assert feed.tell(guarantee(5)) == feed.tell(guarantee(5, action="retract")) == feed.tell(guarantee(5)) == ["new"]


def test_an_equal_row_in_one_file_is_a_repetition_and_an_unequal_one_a_conflict(feed: Feed) -> None:
    assert feed.tell(guarantee(5), guarantee(5)) == ["new", "repeated"]
    assert feed.tell(guarantee(5), guarantee(5)) == ["unchanged", "repeated"]
    assert feed.tell(guarantee(6), guarantee(7), guarantee(1, "h")) == ["conflict", "conflict", "new"]


def test_who_is_at_the_ends_is_part_of_what_is_said(feed: Feed) -> None:
    assert feed.tell(guarantee(5)) == feed.tell(guarantee(5, dst="c")) == ["new"]


def test_a_property_the_ontology_gains_later_makes_nothing_new(feed: Feed) -> None:
    feed.tell(guarantee(5))
    feed.ledger.extend(OntologyAdditions.model_validate({"relations": {"GUARANTEES": {"properties": {"aa_rating": "text"}}}}))
    assert feed.tell(guarantee(5)) == ["unchanged"]
    assert feed.tell(guarantee(5, aa_rating="A")) == ["new"]


def test_a_history_is_compared_in_the_order_it_was_known(tmp_path: Path) -> None:
    feed = Feed(tmp_path, backfill=True)
    history = guarantee(5, recorded_at=10), guarantee(5, recorded_at=20), guarantee(7, recorded_at=30), guarantee(5, recorded_at=40)
    assert feed.tell(*history) == ["new", "repeated", "new", "new"]
    assert feed.tell(*history) == ["unchanged", "repeated", "unchanged", "unchanged"]
    assert feed.tell(guarantee(7, recorded_at=35)) == ["unchanged"]
    assert feed.tell(guarantee(7, recorded_at=50)) == ["new"]


def test_two_feeds_about_one_firm_do_not_undo_each_other(tmp_path: Path) -> None:
    core, registry = Feed(tmp_path, "ecif", "Firm"), Feed(tmp_path, "registry", "Firm")
    told = {"id": "f", "valid_from": JANUARY, "valid_to": OPEN_END, "action": "state", "stub": False}
    assert core.tell({**told, "name": "甲"}) == registry.tell({**told, "size": "small"}) == ["new"]
    assert core.tell({**told, "name": "甲"}) == registry.tell({**told, "size": "small"}) == ["unchanged"]
    core.stage()
    assert core.stop_telling(JUNE) == 1
    assert [row["feed"] for row in core.held() if row["action"] == "close"] == ["ecif"]


def test_a_full_feed_closes_what_it_no_longer_tells_once(feed: Feed) -> None:
    feed.tell(guarantee(5, "stays"), guarantee(7, "goes"))
    feed.tell(guarantee(5, "stays"))
    assert feed.stop_telling(JUNE) == 1
    closed = feed.held()[-1]
    assert (closed["id"], closed["action"], closed["amount_fen"], closed["valid_to"]) == ("goes", "close", 7, JUNE)
    assert feed.stop_telling(date(2025, 7, 1)) == 0
    assert feed.tell(guarantee(7, "goes")) == ["new"]


def test_only_the_latest_state_closes_and_not_before_it_began(feed: Feed) -> None:
    feed.tell(guarantee(5), guarantee(7, valid_from=JUNE))
    feed.stage()
    assert feed.stop_telling(date(2025, 3, 1)) == 1
    assert (feed.held()[-1]["valid_from"], feed.held()[-1]["valid_to"]) == (JUNE, JUNE)


def test_a_term_that_ends_by_itself_is_closed_when_it_vanishes_before(feed: Feed) -> None:
    feed.tell(guarantee(5, "ended", valid_to=JUNE), guarantee(5, "runs on", valid_to=date(2026, 6, 1)))
    feed.stage()
    assert feed.stop_telling(date(2025, 7, 1)) == 1
    assert (feed.held()[-1]["id"], feed.held()[-1]["valid_to"]) == ("runs on", date(2025, 7, 1))


def test_happenings_and_stubs_never_close(tmp_path: Path) -> None:
    invoices, firms = Feed(tmp_path, "tax", "INVOICES"), Feed(tmp_path, "tax", "Firm")
    happened = {"id": "i", "valid_from": JANUARY, "valid_to": OPEN_END, "action": "state", "src": "a", "dst": "b", "net_fen": 1}
    invoices.tell(happened)
    firms.tell({"id": "f", "valid_from": JANUARY, "valid_to": OPEN_END, "action": "state", "stub": True})
    for feed in (invoices, firms):
        feed.stage()
        assert feed.stop_telling(JUNE) == 0
