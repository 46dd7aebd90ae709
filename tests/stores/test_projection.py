"""The rectangles on two clocks say for every day what the Snapshot of that day says."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.projection import Projection
from tests.stores.equal import projected_rows, snapshot_rows
from tests.worlds.build import World

FIRST = date(2025, 1, 1)


def _day(rng: random.Random, span: int = 40) -> str:
    return (FIRST + timedelta(days=rng.randrange(span))).isoformat()


def _tangled(root: Path, seed: int) -> World:
    """Relations and firms told, told again, closed and retracted in any order, some firms by two systems under one code."""
    rng, world = random.Random(seed), World(root)
    codes = ["91310000775785552L", "911100001000017030"]
    for n in range(12):
        for source in ("world", "registry") if n < 4 else ("world",):
            for _ in range(rng.randrange(1, 4)):
                told: dict[str, Any] = {"name": f"N{rng.randrange(3)}", "size": rng.choice(["small", "large", None])}
                code = codes[n] if n < 2 else None
                feed = "world" if source == "world" else "registry"
                world.entity(
                    "Firm", f"F{n % 4 if source == 'registry' else n}", source=source, uscc=code, feed=feed,
                    valid_from=_day(rng), known=_day(rng), **told,
                )  # fmt: skip
    for n in range(60):
        for _ in range(rng.randrange(1, 5)):
            src, dst = f"F{n % 12}", f"F{(n * 7) % 12}"
            dated = {"valid_from": _day(rng), "known": _day(rng), "amount_fen": rng.randrange(3)}
            world.relation(rng.choice(["GUARANTEES", "TRANSFERS"]), src, dst, occurrence=n, **dated)
            if rng.random() < 0.3:
                world.close(_day(rng, 60), known=_day(rng))
            if rng.random() < 0.2:
                world.retract(known=_day(rng))
        if n in (20, 40):
            world.commit()
    world.commit()
    return world


@pytest.mark.parametrize("seed", range(3))
def test_any_history_in_any_order_gives_the_rows_of_the_snapshot_on_every_day(tmp_path: Path, seed: int) -> None:
    world = _tangled(tmp_path, seed)
    days = [(FIRST + timedelta(days=n)).isoformat() for n in range(0, 62, 8)]
    with Projection(world.ledger) as projection:
        for name in ("GUARANTEES", "TRANSFERS", "STATE_Firm"):
            kind = projection.types[name]
            found = projected_rows(projection, kind, days)
            assert any(found.values())
            for day, rows in found.items():
                assert rows == snapshot_rows(world, kind, day), (name, day)


def test_versions_have_unique_keys(tmp_path: Path) -> None:
    world = _tangled(tmp_path, 7)
    with Projection(world.ledger) as projection:
        for name in ("GUARANTEES", "TRANSFERS", "STATE_Firm"):
            with projection.versions(name) as versions:
                keys = versions.read().read_all()["version"].to_pylist()
            assert len(set(keys)) == len(keys) > 0


def test_a_relation_told_once_is_one_rectangle(tmp_path: Path) -> None:
    world = World(tmp_path).firm("A").firm("B")
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-03-05", amount_fen=1).commit()
    with Projection(world.ledger) as projection, projection.versions("GUARANTEES") as versions:
        (row,) = versions.read().read_all().to_pylist()
    assert (row["valid_from"], row["valid_to"]) == (20250301, 99991231)
    assert (row["known_from"], row["known_to"]) == (20250305, 99991231)


def test_a_later_state_ends_the_former_from_the_day_it_is_known(tmp_path: Path) -> None:
    world = World(tmp_path).firm("A").firm("B")
    world.relation("GUARANTEES", "A", "B", valid_from="2025-01-10", known="2025-01-10", amount_fen=1)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-02-10", known="2025-03-01", amount_fen=2).commit()
    with Projection(world.ledger) as projection, projection.versions("GUARANTEES") as versions:
        rows = versions.read().read_all().to_pylist()
    drawn = {(r["amount_fen"], r["valid_from"], r["valid_to"], r["known_from"], r["known_to"]) for r in rows}
    assert drawn == {
        (1, 20250110, 99991231, 20250110, 20250301),
        (1, 20250110, 20250210, 20250301, 99991231),
        (2, 20250210, 99991231, 20250301, 99991231),
    }


def test_a_projection_since_a_batch_holds_just_the_ids_that_changed_after_it(tmp_path: Path) -> None:
    world = World(tmp_path).firm("A").firm("B").firm("C")
    world.relation("GUARANTEES", "A", "B", amount_fen=1)
    world.relation("GUARANTEES", "A", "C", amount_fen=5)
    before = world.commit()
    world.relation("GUARANTEES", "A", "B", amount_fen=2, known="2025-05-01").commit()
    with Projection(world.ledger, since=before) as projection:
        with projection.versions("GUARANTEES") as versions:
            (table,) = versions.changes()
        assert sorted(table["amount_fen"].to_pylist()) == [1, 2]
        with projection.versions("STATE_Firm") as versions:
            assert list(versions.changes()) == []
        assert projection.nodes("Firm").read_all().num_rows == 0  # both are there, and nothing new is told of them


@pytest.mark.parametrize("seed", range(3))
def test_nodes_of_one_type_are_its_own_and_since_a_batch_just_those_told_of_or_new_after_it(tmp_path: Path, seed: int) -> None:
    """Persons of one identity number move as firms of one code do, and are no firms for it."""
    world = _tangled(tmp_path, seed)
    for source in ("crm", "hr"):
        world.entity("Person", f"P-{source}", source=source, id_number="p:" + "1" * 32)
    before = world.commit()
    world.relation("GUARANTEES", "F5", "F6", occurrence=999, amount_fen=1, known="2025-06-01")
    world.entity("Firm", "F0", source="registry", feed="registry", name="N9", known="2025-06-01")
    world.firm("F99", known="2025-06-01").commit()
    with Projection(world.ledger) as whole:
        all_of_them = {row["id"]: row for row in whole.nodes("Firm").read_all().to_pylist()}
        assert all(each.startswith("Firm-") for each in all_of_them)
        assert all(row["id"].startswith("Person-") for row in whole.nodes("Person").read_all().to_pylist())
    with Projection(world.ledger, since=before) as later:
        news = {row["id"]: row for row in later.nodes("Firm").read_all().to_pylist()}
    assert world.id("F99") in news and not {world.id("F5"), world.id("F6")} & news.keys()
    assert any(row["name"] == "N9" for row in news.values())
    assert all(row == all_of_them[each] for each, row in news.items())
