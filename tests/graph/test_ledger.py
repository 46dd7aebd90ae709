"""The ledger: batches seen whole or not at all, one writer, and an ontology that only grows."""

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from graph.errors import ConflictError, InputError
from graph.ledger import BatchHeader, Ledger, delta
from graph.ledger.schema import ledger_schema
from graph.ontology import core_ontology
from graph.ontology.load import OntologyAdditions
from tests.worlds.build import World

OPEN = date(9999, 12, 31)
FEED = BatchHeader("ecif")

# Children start clean: the engines' threads would not survive a fork of this process.
clean = multiprocessing.get_context("forkserver")
clean.set_forkserver_preload(["graph.ledger"])


def firm(key: str, **told: object) -> dict[str, object]:
    return {
        "id": key * 32,
        "valid_from": date(2025, 1, 1),
        "valid_to": OPEN,
        "action": "state",
        "content": key,
        "stub": False,
        **told,
    }


def firms(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), ledger_schema(core_ontology(), "Firm"))


def names(ledger: Ledger, ledger_seq: int | None = None) -> list[str]:
    return sorted(ledger.table("Firm", ledger_seq).select("name").to_pyarrow()["name"].to_pylist())


def load(ledger: Ledger, *rows: dict[str, object]) -> int:
    with ledger.begin(FEED) as writer:
        writer.append("Firm", firms(*rows))
        return writer.commit({"read": len(rows)})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger", memory_limit="500MB")


def test_columns_are_those_of_the_architecture_page() -> None:
    schema = ledger_schema(core_ontology(), "GUARANTEES")
    assert schema.names[:10] == [
        "id",
        "valid_from",
        "valid_to",
        "recorded_at",
        "action",
        "content",
        "src_type",
        "src",
        "dst_type",
        "dst",
    ]
    assert schema.names[-7:] == ["currency", "feed", "batch", "attempt", "file", "sheet", "line"]
    assert schema.field("amount_fen").type == pa.int64() and schema.field("signed_on").type == pa.date32()
    assert "currency" not in ledger_schema(core_ontology(), "Person").names


def test_a_type_never_written_is_an_empty_table_with_all_its_columns(ledger: Ledger) -> None:
    table = ledger.table("KIN_OF").to_pyarrow()
    assert table.num_rows == 0 and table.schema.names == [*ledger_schema(core_ontology(), "KIN_OF").names, "batch_seq"]
    assert ledger.latest_seq == 0 and ledger.batches().num_rows == 0


def test_rows_are_seen_when_their_batch_commits_and_not_before(ledger: Ledger) -> None:
    with ledger.begin(FEED) as writer:
        writer.append("Firm", firms(firm("a", name="甲")))
        writer.append("Firm", firms(firm("b", name="乙")))
        assert names(ledger) == []
        assert writer.commit() == 1
    assert names(ledger) == ["乙", "甲"]


def test_a_batch_left_without_commit_was_never_there(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.begin(FEED) as writer:
        writer.append("Firm", firms(firm("a", name="甲")))
        raise ZeroDivisionError
    assert load(ledger, firm("b", name="乙")) == 1
    assert names(ledger) == ["乙"]


def test_the_past_is_read_by_its_number(ledger: Ledger) -> None:
    first, second = load(ledger, firm("a", name="甲")), load(ledger, firm("b", name="乙"))
    assert (first, second) == (1, 2)
    assert names(ledger, 0) == [] and names(ledger, 1) == ["甲"] and names(ledger, 2) == ["乙", "甲"]


def test_rows_were_recorded_when_their_batch_was_committed(ledger: Ledger) -> None:
    load(ledger, firm("a", name="甲"))
    row, batch = ledger.table("Firm").to_pyarrow().to_pylist()[0], ledger.batches().to_pylist()[0]
    assert row["recorded_at"] == batch["committed_at"] and row["batch"] == batch["batch"]
    assert '"read": 1' in batch["summary"] and '"written": {"Firm": 1}' in batch["summary"]


def test_only_a_backfill_brings_its_own_instants(ledger: Ledger) -> None:
    row = firm("a", name="甲", recorded_at=1_700_000_000_000_000)
    with pytest.raises(InputError, match="its own recorded_at"):
        load(ledger, row)
    with ledger.begin(BatchHeader("ecif", backfill=True)) as writer:
        writer.append("Firm", firms(row))
        writer.commit()
    assert ledger.table("Firm").to_pyarrow()["recorded_at"].to_pylist() == [1_700_000_000_000_000]


def test_a_column_that_no_ontology_knows_is_refused(ledger: Ledger) -> None:
    with pytest.raises(InputError, match=r"no column .*colour"), ledger.begin(FEED) as writer:
        writer.append("Firm", pa.table({"id": ["a"], "colour": ["red"]}))
    with pytest.raises(InputError, match="no type 'Ship'"):
        ledger.table("Ship")


def test_a_committed_batch_takes_no_more_rows(ledger: Ledger) -> None:
    with ledger.begin(FEED) as writer:
        writer.commit()
        with pytest.raises(ConflictError, match="is not open"):
            writer.append("Firm", firms(firm("a")))


def test_an_addition_is_kept_and_rows_told_before_it_read_as_null(ledger: Ledger, tmp_path: Path) -> None:
    reader = Ledger.open(tmp_path / "ledger", memory_limit="500MB")
    load(ledger, firm("a", name="甲"))
    additions = {"entities": {"Firm": {"properties": {"green_rating": "text"}}, "Ship": {"properties": {"name": "text"}}}}
    ledger.extend(OntologyAdditions.model_validate(additions))
    assert reader.table("Ship").to_pyarrow().num_rows == 0
    assert reader.table("Firm").to_pyarrow()["green_rating"].to_pylist() == [None]
    row = pa.table({**{k: [v] for k, v in firm("b", name="乙").items()}, "green_rating": ["AA"]})
    with ledger.begin(FEED) as writer:
        writer.append("Firm", row)
        writer.commit()
    again = Ledger.open(tmp_path / "ledger", memory_limit="500MB").table("Firm").order_by("name").to_pyarrow()
    assert again["green_rating"].to_pylist() == ["AA", None]


def test_an_addition_that_redefines_something_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    before = (tmp_path / "ledger" / "ontology.json").read_bytes()
    with pytest.raises(InputError, match="already declared otherwise"):
        ledger.extend(OntologyAdditions.model_validate({"entities": {"Firm": {"properties": {"name": "integer"}}}}))
    assert (tmp_path / "ledger" / "ontology.json").read_bytes() == before


def test_threads_read_while_another_writes(ledger: Ledger) -> None:
    load(ledger, firm("a", name="甲"))
    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(names, ledger, 1) for _ in range(12)]
        load(ledger, firm("b", name="乙"))
        assert all(read.result() == ["甲"] for read in reads)


# Killing. Each append below is one of the commits that a batch consists of: two types, the identity table, `batches`.


def write_two_types(root: Path) -> None:
    ledger = Ledger.open(root, memory_limit="500MB")
    load(ledger, firm("z", name="旧", uscc="X"))
    with ledger.begin(FEED) as writer:
        writer.append("Firm", firms(firm("a", name="甲", uscc="X")))
        holds = firm("h", src_type="Firm", src="z" * 32, dst_type="Firm", dst="a" * 32)
        del holds["stub"]
        writer.append("HOLDS_SHARES", pa.Table.from_pylist([holds]))
        writer.commit()


def die_at(root: Path, fatal: int, after: bool) -> None:
    calls, append = [0], delta.append

    def fatal_append(path: Path, data: pa.Table) -> None:
        calls[0] += 1
        if calls[0] == fatal and not after:
            os._exit(9)
        append(path, data)
        if calls[0] == fatal:
            os._exit(9)

    delta.append = fatal_append
    write_two_types(root)


def run_child(target: Callable[..., None], *args: object) -> int | None:
    child = clean.Process(target=target, args=args)
    child.start()
    child.join(60)
    return child.exitcode


def seen(root: Path) -> tuple[list[str], int, int]:
    ledger = Ledger.open(root, memory_limit="500MB")
    held = [ledger.table("HOLDS_SHARES"), ledger.identity()]
    return names(ledger), *(table.count().to_pyarrow().as_py() for table in held)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", [3, 4, 5, 6])  # the first two are the older batch's
def test_killed_at_any_commit_a_batch_is_there_whole_or_not_at_all(tmp_path: Path, fatal: int, after: bool) -> None:
    assert run_child(die_at, tmp_path / "ledger", fatal, after) == 9
    whole = fatal == 6 and after
    assert seen(tmp_path / "ledger") == ((["旧", "甲"], 1, 1) if whole else (["旧"], 0, 0))
    with Ledger.open(tmp_path / "ledger", memory_limit="500MB").begin(FEED) as writer:  # the lock died with its holder
        assert writer.commit() == (3 if whole else 2)


def hold(root: Path, ready: str) -> None:
    with Ledger.open(root, memory_limit="500MB").begin(BatchHeader("slow", batch="slow-1")):
        Path(ready).touch()
        time.sleep(60)


def test_a_second_writer_is_told_who_writes_and_may_go_on_when_that_one_is_dead(ledger: Ledger, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = clean.Process(target=hold, args=(tmp_path / "ledger", str(ready)))
    child.start()
    while not ready.exists():
        assert child.is_alive()
        time.sleep(0.02)
    with pytest.raises(ConflictError, match=rf"batch slow-1 \(process {child.pid}\)"):
        load(ledger, firm("a", name="甲"))
    assert child.pid
    child.kill()
    child.join()
    assert load(ledger, firm("a", name="甲")) == 1


def test_a_query_beyond_the_memory_limit_spills_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger", memory_limit="32MB")
    table = ledger.query("SELECT md5(range::VARCHAR) AS content FROM range(600000) ORDER BY content")
    assert sum(batch.num_rows for batch in ledger.stream(table)) == 600_000
    ledger.close()
    assert [path.name for path in ledger.root.iterdir() if path.name.startswith(".spill")] == []


def test_a_home_may_lie_under_any_name(tmp_path: Path) -> None:
    world = World(tmp_path / "行 1, Ost (neu)")
    world.firm("A").commit()
    world.firm("B").commit()
    assert world.snapshot("2030-01-01").read("Firm").num_rows == 2
