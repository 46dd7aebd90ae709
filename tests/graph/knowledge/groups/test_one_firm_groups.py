"""One firm out of the store is in the group that the whole book has it in, for the same reasons, on both engines."""

import random
from datetime import date
from pathlib import Path

import pytest

from graph.errors import NotFoundError
from graph.knowledge import KnowledgeBook
from graph.knowledge.groups.one_firm import group_answer
from graph.knowledge.groups.surroundings import Bounds
from graph.projection import label_of
from graph.store import Hop, Moment
from graph.stores import LadybugStore
from graph.stores.ladybug_build import build_ladybug
from graph.verify import verify
from tests.graph.knowledge.groups.test_groups import DAY, Day, holds
from tests.stores.conftest import Load
from tests.worlds.build import World

WHEN = Moment.of(date.fromisoformat(DAY))


def tangled(world: World, seed: int) -> World:
    """Firms, persons and a state owner with random shares, kin, concert, filings and posts."""
    rng = random.Random(seed)
    firms, persons = [f"F{n}" for n in range(14)], [f"P{n}" for n in range(7)]
    for number, firm in enumerate([*firms, "S"]):
        world.firm(firm, **({"name": "虚构省国资委", "state_owned": True} if firm == "S" else {"registered_capital_fen": number}))
    for person in persons:
        world.person(person)
    for firm in firms:
        left = 1.0
        for holder in rng.sample([*firms, *persons, "S"], rng.randint(0, 3)):
            share = round(rng.uniform(0.1, left), 2) if left > 0.1 else 0.0
            left -= share
            if holder != firm and share:
                holds(world, (holder, firm, share))
    for number in range(3):
        world.relation("KIN_OF", *rng.sample(persons, 2), degree=rng.choice([1, 2, 3, 4]), occurrence=number)
        world.relation("CONTROLS", rng.choice([*firms, *persons, "S"]), rng.choice(firms), occurrence=number)
        world.relation(
            "SERVES_AS", rng.choice(persons), rng.choice(firms), role=rng.choice(["chairman", "director"]), occurrence=number
        )
        world.relation("SERVES_AS", rng.choice(persons), rng.choice(firms), role="manager", occurrence=10 + number)
    world.relation("ACTS_WITH", *rng.sample(persons, 2)).entity("ClientGroup", "G")
    for number, firm in enumerate(rng.sample(firms, 2)):
        world.relation("MEMBER_OF", firm, "G", occurrence=number)
    world.commit()
    return world


def reasons_of(day: Day, firm: str) -> set[tuple[object, ...]]:
    rows = day.tables["group_members"]
    own = {row["group"] for row in rows if row["firm"] == firm and row["certain"]}
    told = [row for row in rows if row["group"] in own or (row["firm"] == firm and not row["certain"])]
    keys = ("firm", "limb", "reason", "other", "strength", "certain", "proposal")
    return {(*(row[key] for key in keys), *row["path"]) for row in told}


def same(store: LadybugStore, day: Day) -> None:
    for key in day.world.keys:
        firm = day.world.id(key)
        if label_of(firm) == "Firm":
            answer = group_answer(store, firm, WHEN)
            keys = ("firm", "limb", "reason", "other", "strength", "certain", "proposal")
            told = {(*(getattr(each, name) for name in keys), *each.path) for each in answer.reasons}
            assert told == reasons_of(day, firm), key
            assert answer.complete


@pytest.mark.parametrize("seed", range(6))
def test_every_firm_is_answered_as_the_whole_book_has_it(tmp_path: Path, seed: int) -> None:
    world = tangled(World(tmp_path), seed)
    day = Day(world)
    build_ladybug(world.ledger, tmp_path / "graph")
    store = LadybugStore(tmp_path / "graph")
    same(store, day)
    store.close()


def test_both_engines_say_the_same_and_members_are_relations_that_verify(world: World, load: Load) -> None:
    day = Day(tangled(world, 3))
    store = load(world)
    same(store, day)  # type: ignore[arg-type]
    for row in day.tables["group_stars"]:
        found = store.expand([row["src"]], Hop(("SAME_GROUP_AS",), WHEN, ("out",))).to_pylist()
        assert row["dst"] in {each["other"] for each in found}
    assert verify(store, world.ledger).equal
    assert KnowledgeBook.beside(world.ledger).read("group_stars", WHEN.valid).num_rows == len(day.tables["group_stars"])


def test_a_group_larger_than_is_read_says_so_and_an_unknown_firm_is_named(tmp_path: Path) -> None:
    world = World(tmp_path)
    holds(world, *(("A", f"B{n}", 1.0) for n in range(6))).commit()
    build_ladybug(world.ledger, tmp_path / "graph")
    store = LadybugStore(tmp_path / "graph")
    assert not group_answer(store, world.id("A"), WHEN, bounds=Bounds(cap=4)).complete
    assert not group_answer(store, world.id("A"), WHEN, bounds=Bounds(max_entities=3)).complete
    assert len(group_answer(store, world.id("A"), WHEN).members) == 7
    with pytest.raises(NotFoundError, match="Nothing is known"):
        group_answer(store, "Firm-" + "0" * 32, WHEN)
    store.close()
