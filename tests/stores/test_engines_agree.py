"""Neo4j and the embedded store give the same rows for the same questions, on a world with hubs, loops and parallel edges."""

import random
from datetime import date
from pathlib import Path

import pytest

from graph.store import Hop, Moment
from graph.stores import LadybugStore, Neo4jStore, Neo4jTarget, build_ladybug, build_neo4j
from tests.worlds.build import World

pytestmark = pytest.mark.neo4j


def _web(world: World) -> World:
    rng = random.Random(11)
    keys = [f"F{n}" for n in range(60)]
    for key in keys:
        world.firm(key)
    world.person("P0").person("P1")
    for n in range(500):
        src, dst = keys[min(int(rng.paretovariate(0.7)) - 1, 59)], rng.choice(keys)
        dated = {"valid_from": f"2025-0{rng.randrange(1, 6)}-01", "known": f"2025-0{rng.randrange(1, 6)}-10"}
        world.relation(rng.choice(["GUARANTEES", "SUPPLIES"]), src, dst, occurrence=n, **dated)
        if rng.random() < 0.2:
            world.close("2025-06-01", known="2025-06-03")
        world.relation("HOLDS_SHARES", rng.choice(["P0", "P1", *keys]), dst, occurrence=n, equity_share=rng.random(), **dated)
    world.commit()
    return world


def test_the_same_question_has_the_same_answer_row_for_row(world: World, empty_neo4j: Neo4jTarget, tmp_path: Path) -> None:
    _web(world)
    build_ladybug(world.ledger, tmp_path / "graph")
    build_neo4j(world.ledger, empty_neo4j)
    embedded, server = LadybugStore(tmp_path / "graph"), Neo4jStore(empty_neo4j, world.ledger.ontology)
    every = ("GUARANTEES", "SUPPLIES", "HOLDS_SHARES", "SERVES_AS")
    ids = [world.id(key) for key in world.keys]
    for day in (date(2025, 2, 15), date(2025, 4, 15), date(2025, 7, 1)):
        for cap in (3, 200):
            hop = Hop(every, Moment.of(day), cap=cap)
            ours, theirs = embedded.expand(ids, hop), server.expand(ids, hop)
            assert ours.num_rows > 0
            assert ours.equals(theirs)
        assert embedded.degrees(ids, hop).equals(server.degrees(ids, hop))
        assert embedded.states(ids, hop.when) == server.states(ids, hop.when)
    embedded.close()
    server.close()
