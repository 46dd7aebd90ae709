"""What the adjacency of a generation answers is, row for row, what its database answers."""

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.errors import InputError
from graph.store import Hop, Moment
from graph.stores import LadybugStore, build_ladybug
from graph.stores.adjacency import FOLDER
from tests.worlds.build import World

TYPES = ("GUARANTEES", "HOLDS_SHARES", "SUPPLIES", "TRANSFERS", "SERVES_AS", "KIN_OF")
DAYS = [date(2025, 1, 1), date(2025, 3, 15), date(2025, 6, 30), date(2026, 1, 1)]


def wild(world: World, seed: int) -> World:
    """Twelve firms and four persons with relations that overlap, are corrected, closed, retracted, parallel, and unmeasured."""
    rng = np.random.default_rng(seed)
    firms, persons = [f"F{n}" for n in range(12)], [f"P{n}" for n in range(4)]
    for key in firms:
        world.firm(key)
    for key in persons:
        world.person(key)

    def day(first: int = 1) -> str:
        return f"2025-{rng.integers(first, 13):02}-{rng.integers(1, 28):02}"

    for n in range(150):
        kind = TYPES[n % len(TYPES)]
        near = persons if kind in {"SERVES_AS", "KIN_OF"} else firms
        far = persons if kind == "KIN_OF" else firms
        amount = {"GUARANTEES": "amount_fen", "SUPPLIES": "annual_fen", "TRANSFERS": "amount_fen"}.get(kind)
        told: dict[str, Any] = {amount: int(rng.integers(0, 5))} if amount and rng.random() < 0.8 else {}
        if kind == "HOLDS_SHARES" and rng.random() < 0.8:
            told["equity_share"] = float(rng.integers(0, 4)) / 4
        ends = str(rng.choice(near)), str(rng.choice(far))
        world.relation(kind, *ends, occurrence=n % 3, valid_from=day(), known=day(), **told)
        if rng.random() < 0.2:
            world.close(day(6), known=day(6))
        elif rng.random() < 0.1:
            world.retract(known=day(6))
    world.firm("F0", name="新名", established_on=date(2001, 2, 3), valid_from="2025-04-01", known="2025-04-03")
    world.commit()
    return world


@pytest.fixture(params=range(2))
def store(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> LadybugStore:
    wild(world, request.param)
    build_ladybug(world.ledger, tmp_path / "graph")
    return LadybugStore(tmp_path / "graph")


def test_a_hop_its_degrees_and_the_states_are_those_of_the_database(world: World, store: LadybugStore) -> None:
    everyone = [*(world.id(key) for key in world.keys), "Firm-nobody", "Spaceship-1", "Firm-" + "f" * 200, ""]
    for (valid, known), cap in itertools.product(itertools.product(DAYS, DAYS), (1, 3, 200)):
        for types, ways in ((TYPES, ("out", "in")), (("GUARANTEES",), ("in",)), (("ACTUALLY_CONTROLS", "KIN_OF"), ("out",))):
            hop = Hop(types, Moment(valid, known), ways, cap)
            assert store.expand(everyone, hop).equals(store.expand_in_database(everyone, hop))
            assert store.degrees(everyone, hop).equals(store.degrees_in_database(everyone, hop))
        assert store.states(everyone, hop.when) == store.states_in_database(everyone, hop.when)


def test_one_entity_asked_twice_nobody_and_an_unknown_type(world: World, store: LadybugStore) -> None:
    hop = Hop(("GUARANTEES",), Moment.of(DAYS[2]))
    twice = store.expand([world.id("F1")] * 2, hop)
    assert twice.equals(store.expand([world.id("F1")], hop))
    assert store.expand([], hop).num_rows == store.degrees([], hop).num_rows == 0
    with pytest.raises(InputError, match="no relation type"):
        store.expand([world.id("F1")], Hop(("MARRIES",), hop.when))


def test_a_generation_from_before_there_was_an_adjacency_still_answers(world: World, tmp_path: Path) -> None:
    wild(world, 7)
    build_ladybug(world.ledger, tmp_path / "graph")
    with_it = LadybugStore(tmp_path / "graph")
    (folder,) = (tmp_path / "graph").glob(f"*/{FOLDER}")
    folder.rename(tmp_path / "gone")
    without = LadybugStore(tmp_path / "graph")
    hop = Hop(TYPES, Moment.of(DAYS[2]))
    ids = [world.id(key) for key in world.keys]
    assert without.expand(ids, hop).equals(with_it.expand(ids, hop))
    assert without.states(ids, hop.when) == with_it.states(ids, hop.when)


def test_a_graph_without_any_relation_is_walked_too(world: World, tmp_path: Path) -> None:
    world.firm("A").commit()
    build_ladybug(world.ledger, tmp_path / "graph")
    store = LadybugStore(tmp_path / "graph")
    hop = Hop(TYPES, Moment.of(DAYS[2]))
    assert store.expand([world.id("A")], hop).num_rows == 0
    assert store.states([world.id("A")], hop.when)[world.id("A")]["name"] == "A"
