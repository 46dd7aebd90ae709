"""Groups and connected clients against NetworkX, and what must not change them."""

import networkx as nx
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.knowledge.groups.connected import Linked, connect
from graph.knowledge.groups.grouping import Grouped, group
from graph.knowledge.groups.settings import settings as thresholds
from graph.knowledge.groups.told import SAID, Ground
from tests.graph.knowledge.drawn import Holding, drawn, name

_KIN = {"id": pl.String, "src": pl.String, "dst": pl.String, "degree": pl.Int64, "kinship": pl.String}
KEYS = ["A", "B", "C", "D", "E", "F", "P1", "P2", "P3"]
HOLDINGS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS[:6]), st.sampled_from([0.1, 0.3, 0.6])), max_size=10).map(
    lambda rows: [row for row in dict.fromkeys(rows) if row[0] != row[1]]
)
KIN = st.lists(st.tuples(st.sampled_from(KEYS[6:]), st.sampled_from(KEYS[6:]), st.sampled_from([1, 2, 3, 4])), max_size=3)


def grouped(holdings: list[Holding], kin: list[tuple[str, str, int]]) -> Grouped:
    found = drawn(holdings)
    rows = [(f"k{n}", name(p), name(q), degree, None) for n, (p, q, degree) in enumerate(kin)]
    told = pl.DataFrame(rows, schema=_KIN, orient="row").to_arrow()
    none = pa.schema([("id", pa.string()), ("src", pa.string()), ("dst", pa.string())]).empty_table()
    named = pa.schema([("id", pa.string()), ("name", pa.string())]).empty_table()
    return group(Ground.assessed(found.told, (told, none, named), SAID.empty_table()), thresholds())


def sets(found: Grouped) -> set[frozenset[str]]:
    parts = found.group_of().group_by("group").agg("firm")["firm"].to_list()
    return {frozenset(each) for each in parts}


@settings(max_examples=40, deadline=None)
@given(HOLDINGS)
def test_groups_by_control_are_the_parts_that_networkx_finds(holdings: list[Holding]) -> None:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_edges_from((row["src"], row["dst"]) for row in drawn(holdings).controllers().to_pylist())
    parts = (frozenset(n for n in part if n.startswith("Firm-")) for part in nx.connected_components(graph))
    assert sets(grouped(holdings, [])) == {part for part in parts if len(part) > 1}


@settings(max_examples=40, deadline=None)
@given(HOLDINGS, KIN)
def test_neither_the_order_of_rows_nor_a_holding_in_two_halves_changes_a_group_and_every_member_has_a_reason(
    holdings: list[Holding], kin: list[tuple[str, str, int]]
) -> None:
    found = grouped(holdings, kin)
    halves = [(src, dst, share / 2) for src, dst, share in holdings for _ in range(2)]
    assert sets(found) == sets(grouped(holdings[::-1], kin[::-1])) == sets(grouped(halves, kin))
    assert sum(map(len, sets(found))) == found.groups["members"].sum()
    assert not found.members.filter(pl.col("path").list.len() == 0).height


ENDS = st.sampled_from("ABCDEFGH")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(ENDS, st.sampled_from(["Group-1", "Group-2"]), max_size=6),
    st.lists(st.tuples(ENDS, ENDS), max_size=4),
    st.lists(st.tuples(ENDS, ENDS, st.booleans()), max_size=8),
)
def test_a_set_is_what_its_root_reaches_downward(
    groups: dict[str, str], control: list[tuple[str, str]], depends: list[tuple[str, str, bool]]
) -> None:
    in_group = pl.DataFrame(
        [(name(firm), key) for firm, key in groups.items()], schema={"firm": pl.String, "group": pl.String}, orient="row"
    )
    held = [(name(a), name(b)) for a, b in control if a != b]
    told = [(f"p{n}", name(a), name(b), "confirmed" if sure else "pending") for n, (a, b, sure) in enumerate(depends) if a != b]
    schema = dict.fromkeys(("id", "dependent", "on", "status"), pl.String)
    pairs = pl.DataFrame(held, schema={"src": pl.String, "dst": pl.String}, orient="row")
    rows = connect(Linked(in_group, pairs, pl.DataFrame(told, schema=schema, orient="row"))).to_dicts()
    for key in {row["set"] for row in rows}:
        root = {name(firm) for firm, of in groups.items() if of == key} or {key.removeprefix("Set-")}
        for pending in (False, True):
            graph: nx.DiGraph[str] = nx.DiGraph()
            graph.add_nodes_from(root)
            nodes = {*in_group["firm"].to_list(), *(end for _, a, b, _ in told for end in (a, b))}
            graph.add_edges_from((a, b) for a, b in held if {a, b} <= nodes)
            graph.add_edges_from((on, one) for _, one, on, status in told if pending or status == "confirmed")
            reached = root.union(*(nx.descendants(graph, each) for each in root))
            assert {row["member"] for row in rows if row["set"] == key and (pending or not row["pending"])} == reached
    sure = [row for row in rows if not row["pending"]]
    lone = {one for _, one, _, status in told if status == "confirmed"}
    assert lone <= {row["member"] for row in sure}  # whoever is said to depend is in a set
