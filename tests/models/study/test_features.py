"""What a study's features say of a hand-drawn neighbourhood, and that the future changes none of them."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from graph.snapshot import Snapshot
from models.study.features import learn
from models.study.graphs import Encoder, Scale, Words
from models.study.spec import Events, Set, Sets, Study, Target
from models.study.world import World as Read
from models.study.world import read_world
from tests.worlds.build import World

DAYS = Sets(
    train=Set(as_of=date(2025, 6, 30), outcome_by=date(2025, 12, 31)),
    validation=Set(as_of=date(2026, 1, 31), outcome_by=date(2026, 6, 30)),
)
STUDY = Study(
    name="hand-drawn",
    target=Target(fact="DefaultEvent"),
    sets=DAYS,
    events={"JudicialEvent": Events(half_lives_days=(30.0,), by=("event_type",))},
    groups=("Firm.industry",),
)


def drawn(root: Path) -> World:
    """A and B share the supervisor P; A also holds B; C stands alone. B was sued 30 days before the day, and defaults after it."""
    world = World(root)
    known = {"valid_from": "2025-01-01", "known": "2025-01-01"}
    for name, industry, capital in (("A", "F51", 100), ("B", "F51", 300), ("C", "C13", 500)):
        world.firm(name, industry=industry, registered_capital_fen=capital, **known)
    world.person("P", **known)
    for firm in "AB":
        world.relation("SERVES_AS", "P", firm, valid_from="2025-01-01", known="2025-01-01")
    world.relation("HOLDS_SHARES", "A", "B", equity_share=0.4, valid_from="2025-01-01", known="2025-01-01")
    world.fact("JudicialEvent", "B", event_type="lawsuit", valid_from="2025-05-31", known="2025-05-31")
    world.fact("DefaultEvent", "B", valid_from="2025-09-30", known="2025-09-30")
    world.commit()
    return world


def read(world: World) -> Read:
    day: Set = STUDY.sets.train
    return read_world(STUDY, "train", Snapshot(world.ledger, day.as_of), Snapshot(world.ledger, day.outcome_by))


def test_features_say_what_the_drawing_shows(tmp_path: Path) -> None:
    world = drawn(tmp_path)
    found = read(world)
    _, matrix = learn(found)
    a, b, c = (found.ids.to_pylist().index(world.id(name)) for name in "ABC")

    def of(name: str) -> list[float]:
        column = matrix.values[:, matrix.names.index(name)]
        return [float(column[i]) for i in (a, b, c)]

    assert found.labels[[a, b, c]].tolist() == [0, 1, 0]
    assert of("Firm.registered_capital_fen") == [1, 3, 5]  # yuan
    assert of("neighbours") == [2, 2, 0]
    assert of("other nodes") == [1, 1, 0]
    assert of("HOLDS_SHARES:Firm>Firm.out") == [1, 0, 0]
    assert of("triangles") == [2, 2, 0]
    assert of("entities of its block") == [2, 2, 1]
    assert of("JudicialEvent.decay30") == pytest.approx([0, np.log1p(0.5), 0])
    assert of("direct: mean of JudicialEvent.count")[0] == pytest.approx(np.log(2))
    assert np.isnan(of("direct: mean of JudicialEvent.count")[2])
    assert of("Firm.industry: mean of Firm.registered_capital_fen")[:2] == pytest.approx([np.log1p(3), np.log1p(1)])


def test_what_comes_later_changes_not_one_value(tmp_path: Path) -> None:
    world = drawn(tmp_path)
    before = learn(read(world))[1]
    world.firm("D", valid_from="2025-01-01", known="2025-07-01")
    world.relation("HOLDS_SHARES", "C", "D", equity_share=0.9, valid_from="2025-01-01", known="2025-07-01")
    world.relation("HOLDS_SHARES", "C", "A", equity_share=0.9, valid_from="2025-07-02", known="2025-07-02")
    world.fact("JudicialEvent", "A", event_type="seizure", valid_from="2025-03-01", known="2025-07-03")
    world.firm("C", industry="F51", registered_capital_fen=1, valid_from="2025-08-01", known="2025-08-01")
    world.commit()
    after = learn(read(world))[1]
    assert after.names == before.names
    np.testing.assert_array_equal(after.values, before.values)


def test_the_graph_hears_every_relation_both_ways_and_shares_sum_to_one(tmp_path: Path) -> None:
    found = read(drawn(tmp_path))
    _, matrix = learn(found)
    columns = matrix.columns("own", "degree")
    words = Words.of(found)
    graph = Encoder(columns, Scale.of(matrix.values[:, columns]), words).graph(found, matrix, found.rows, found.labels)
    assert words.relations == (
        "HOLDS_SHARES:Firm>Firm>",
        "HOLDS_SHARES:Firm>Firm<",
        "SERVES_AS>",
        "SERVES_AS<",
        "Firm.industry>",
        "Firm.industry<",
    )
    assert len(graph.kind) == 3 + 1 + 2  # firms, the person, two industries
    pairs = graph.dst * len(words.relations) + graph.relation
    sums = np.bincount(pairs, graph.share)
    assert sums[sums > 0] == pytest.approx(1.0)
