"""Control and beneficial owners, worked out by hand, and control against a plain fixpoint in Python."""

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.knowledge.control.answer import Controller
from graph.knowledge.control.chains import chains_to, links_of
from graph.knowledge.control.kind import tables_of
from tests.graph.knowledge.drawn import controls, drawn, findings, interest, name, owners, status


def test_more_than_half_at_each_layer_controls_the_last_however_little_is_owned_of_it() -> None:
    found = drawn([("P", "A", 0.6), ("A", "B", 0.6), ("B", "C", 0.6)])
    assert controls(found, ultimate=True) == {("P", "A"), ("P", "B"), ("P", "C")}
    row = next(r for r in found.controllers().to_pylist() if (r["src"], r["dst"]) == ("Person-P", "Firm-C"))
    assert (row["votes"], row["interest"]) == (0.6, 0.216)


def test_what_one_controls_votes_with_one() -> None:
    """Bellomarini et al.: neither 30% controls C, A and B together do, and P controls both."""
    found = drawn([("P", "A", 0.7), ("P", "B", 0.7), ("A", "C", 0.3), ("B", "C", 0.3), ("P2", "C", 0.4)])
    assert ("P", "C") in controls(found) and ("A", "C") not in controls(found)


def test_exactly_half_is_no_control_and_two_halves_are_a_deadlock() -> None:
    found = drawn([("P", "A", 0.5), ("P2", "A", 0.3), ("P2", "A", 0.2)])
    assert controls(found) == set()
    assert status(found, "A")["control"] == "deadlock"
    assert {row["party"] for row in found.deadlocks().to_pylist()} == {"Person-P", "Person-P2"}


def test_in_a_deadlock_the_person_is_a_party_and_not_the_company_in_between() -> None:
    found = drawn([("P", "B", 0.9), ("P3", "B", 0.1), ("B", "A", 0.5), ("P2", "A", 0.5)])
    assert {row["party"] for row in found.deadlocks().to_pylist()} == {"Person-P", "Person-P2"}


def test_half_against_many_small_ones_is_no_deadlock() -> None:
    assert status(drawn([("P", "A", 0.5), ("P2", "A", 0.25), ("P3", "A", 0.25)]), "A")["control"] == "dispersed"


def test_votes_decide_and_not_equity() -> None:
    found = drawn([("P", "A", 0.2, 0.6), ("P2", "A", 0.8, 0.4)])
    assert controls(found) == {("P", "A")}
    assert owners(found, "A") == {"P": "votes,control", "P2": "equity,votes"}


def test_shares_that_a_firm_holds_of_itself_have_no_vote() -> None:
    assert controls(drawn([("A", "A", 0.2), ("P", "A", 0.42), ("P2", "A", 0.38)])) == {("P", "A")}


def test_those_who_act_in_concert_control_jointly() -> None:
    found = drawn([("P", "A", 0.3), ("P2", "A", 0.3), ("P3", "A", 0.4), ("A", "B", 1.0)], concert=[("P", "P2")])
    assert controls(found, joint=True) == {("P", "A"), ("P2", "A"), ("P", "B"), ("P2", "B")}
    assert status(found, "A")["control"] == "controlled_jointly"
    assert owners(found, "A") == {"P": "equity,votes,joint_control", "P2": "equity,votes,joint_control", "P3": "equity,votes"}


def test_acting_in_concert_does_not_make_one_control_what_the_other_controls_alone() -> None:
    found = drawn([("P", "A", 0.3), ("P2", "A", 0.3), ("P2", "X", 1.0)], concert=[("P", "P2")])
    assert ("P", "X") not in controls(found) and ("P2", "X") in controls(found, joint=False)


def test_behind_a_company_that_acts_in_concert_stands_whoever_controls_it() -> None:
    found = drawn([("P", "B", 0.9), ("B", "A", 0.3), ("P2", "A", 0.3)], concert=[("B", "P2")])
    assert controls(found, joint=True, ultimate=True) == {("P", "A"), ("P2", "A")}


def test_agreements_join_to_one_group() -> None:
    held = [(f"P{n}", "A", 0.2) for n in range(4)]
    assert controls(drawn(held, concert=[("P0", "P1"), ("P1", "P2")])) == {("P0", "A"), ("P1", "A"), ("P2", "A")}


def test_firms_that_control_each_other_are_a_circle_and_so_is_what_they_control() -> None:
    found = drawn([("A", "B", 0.6), ("B", "A", 0.6), ("A", "C", 0.9), ("P", "A", 0.4), ("P", "B", 0.4)])
    assert {status(found, firm)["control"] for firm in "ABC"} == {"circular"}


def test_someone_who_controls_a_circle_from_outside_is_its_controller() -> None:
    found = drawn([("P", "A", 0.6), ("B", "A", 0.4), ("A", "B", 0.7), ("P2", "B", 0.3)])
    assert controls(found, ultimate=True) == {("P", "A"), ("P", "B")}


def test_a_chain_that_ends_at_a_firm_of_unknown_owners_says_so() -> None:
    found = drawn([("X", "A", 0.8), ("P", "A", 0.2)])
    assert (status(found, "A")["control"], status(found, "A")["owners"]) == ("ends_at_firm", "not_determinable")
    assert status(found, "A")["unknown"] == pytest.approx(0.8)


def test_far_too_few_known_shares_leave_control_and_owners_not_determinable() -> None:
    found = drawn([("P", "A", 0.1), ("P2", "A", 0.1)])
    assert (status(found, "A")["control"], status(found, "A")["owners"]) == ("not_determinable", "not_determinable")
    assert owners(found, "A") == {}


def test_a_quarter_is_enough_and_less_is_not_and_more_may_be_hidden() -> None:
    found = drawn([("P", "A", 0.25), ("P2", "A", 0.24), ("P3", "A", 0.26)])
    assert owners(found, "A") == {"P": "equity,votes", "P3": "equity,votes"}
    assert status(found, "A")["owners"] == "incomplete"  # a quarter is untold: one more may stand behind it


def test_a_quarter_may_be_put_together_from_layers() -> None:
    found = drawn([("P", "A", 0.1), ("P", "B", 0.6), ("P2", "B", 0.4), ("B", "A", 0.3), *((f"P1{n}", "A", 0.1) for n in range(6))])
    assert owners(found, "A")["P"].startswith("equity,votes")  # 0.1 + 0.6 * 0.3 = 0.28


def test_only_where_nobody_is_found_the_manager_stands_in() -> None:
    spread = [(f"P{n}", "A", 0.1) for n in range(10)]
    posts = [("PM", "A", "manager"), ("PL", "A", "legal_representative")]
    assert owners(drawn(spread, posts=posts), "A") == {"PM": "management"}
    assert owners(drawn([("P", "A", 1.0)], posts=posts), "A") == {"P": "equity,votes,control"}
    assert owners(drawn([("P", "A", 0.1)], posts=posts), "A") == {}  # not determinable is not nobody


def test_the_state_ends_a_chain_and_its_firms_name_their_legal_representative() -> None:
    state: dict[str, Any] = {"G": {"name": "虚构市国有资产监督管理委员会", "state_owned": True}}
    found = drawn([("G", "A", 1.0), ("G", "B", 1.0)], posts=[("P", "A", "legal_representative")], firms=state)
    rows = found.controllers().to_pylist()
    assert all(row["state"] for row in rows) and len(rows) == 2  # told apart, so that A and B are not fused by it
    assert (status(found, "A")["control"], status(found, "A")["owners"]) == ("controlled", "state")
    assert owners(found, "A") == {"P": "legal_representative"}


def test_a_state_owned_company_that_is_no_holder_of_the_states_capital_is_a_firm_like_others() -> None:
    found = drawn([("G", "A", 1.0)], firms={"G": {"name": "虚构钢铁集团", "state_owned": True}})
    assert not any(row["state"] for row in found.controllers().to_pylist())


@pytest.mark.parametrize(
    ("capital", "holder", "exempt"), [(1_000_000_000, "P", True), (1_000_000_001, "P", False), (5, "B", False)]
)
def test_small_firms_of_natural_persons_are_exempt(capital: int, holder: str, exempt: bool) -> None:
    told: dict[str, Any] = {"A": {"registered_capital_fen": capital, "currency": "CNY"}}
    assert status(drawn([(holder, "A", 0.7), ("P2", "A", 0.3)], firms=told), "A")["exempt"] is exempt


def test_filed_control_that_votes_bear_out_is_no_finding() -> None:
    assert findings(drawn([("P", "A", 0.6), ("P2", "A", 0.4)], filed=[("P", "A")])) == set()


def test_filed_control_that_votes_contradict_is_a_finding_from_both_sides() -> None:
    found = drawn([("P", "A", 0.6), ("P2", "A", 0.4)], filed=[("P2", "A")])
    assert findings(found) == {("filed_contradicted", "A", "P2"), ("computed_unfiled", "A", "P")}
    assert owners(found, "A")["P2"] == "equity,votes,filed_control"


def test_filed_control_without_any_computed_rests_on_the_filing_alone() -> None:
    found = drawn([("P", "A", 0.3), ("P2", "A", 0.7, 0.2)], filed=[("P", "A")])
    assert findings(found) == {("filed_unsupported", "A", "P")}


def test_nothing_told_is_an_empty_answer() -> None:
    assert {name: table.num_rows for name, table in tables_of(drawn()).items()} == dict.fromkeys(tables_of(drawn()), 0)
    alone = drawn(firms={"A": {}})
    assert (status(alone, "A")["control"], status(alone, "A")["unknown"]) == ("not_determinable", 1.0)


KEYS = ["P0", "P1", "P2", "A", "B", "C", "D", "E"]


@st.composite
def worlds(draw: st.DrawFn) -> list[tuple[str, str, float, float]]:
    """Holdings in twentieths, so that halves are met exactly; votes apart from equity."""
    found = []
    for firm in "ABCDE":
        left = 20
        for holder in draw(st.permutations(KEYS))[: draw(st.integers(0, 4))]:
            votes = draw(st.integers(0, left))
            left -= votes
            found.append((holder, firm, draw(st.integers(0, 4)) / 20, votes / 20))
    return found


def plain_fixpoint(rows: list[tuple[str, str, float, float]], start: str) -> set[str]:
    """Twentieths, in whole numbers; what a firm holds of itself has no vote."""
    own = {dst: votes for src, dst, _, votes in rows if src == dst}
    mine = {start}
    while True:
        more = set()
        for firm in set("ABCDE") - mine:
            held = sum(round(votes * 20) for src, dst, _, votes in rows if dst == firm and src in mine and src != firm)
            if 2 * held > 20 - round(20 * own.get(firm, 0)) > 0:
                more.add(firm)
        if not more:
            return mine - {start}
        mine |= more


@given(worlds())
def test_control_is_what_a_plain_fixpoint_gives(rows: list[tuple[str, str, float, float]]) -> None:
    told = {(holder, firm) for holder in KEYS for firm in plain_fixpoint(rows, holder)}
    assert controls(drawn(rows)) == told


@given(worlds(), st.randoms())
def test_neither_the_order_of_rows_nor_a_holding_told_in_two_parts_changes_anything(
    rows: list[tuple[str, str, float, float]], rng: random.Random
) -> None:
    firms: dict[str, Any] = {key: {} for key in KEYS if not key.startswith("P")}
    halves = [(src, dst, equity / 2, votes / 2) for src, dst, equity, votes in rows for _ in range(2)]
    rng.shuffle(halves)
    for kept, table in tables_of(drawn(rows, firms=firms)).items():
        again = tables_of(drawn(halves, firms=firms))[kept]
        assert sorted(map(repr, table.to_pylist())) == sorted(map(repr, again.to_pylist())), kept


@given(worlds())
def test_more_votes_never_lose_control(rows: list[tuple[str, str, float, float]]) -> None:
    """What P0 is given by others in one firm never takes a firm from P0."""
    given_ = [("P0" if dst == "A" else src, dst, equity, votes) for src, dst, equity, votes in rows]
    before, after = controls(drawn(rows)), controls(drawn(given_))
    assert {firm for who, firm in before if who == "P0"} <= {firm for who, firm in after if who == "P0"}


def test_a_state_holding_whose_holders_are_untold_is_the_states_and_its_legal_representative_is_named() -> None:
    state = {"name": "虚构市国有资产经营有限公司", "state_owned": True}
    posts = [("PM", "S", "manager"), ("PL", "S", "legal_representative")]
    found = drawn(posts=posts, firms={"S": state})
    told = status(found, "S")
    assert (told["control"], told["owners"], told["known_equity"], told["unknown"]) == ("state", "state", 0, 0)
    assert owners(found, "S") == {"PL": "legal_representative"}
    held = drawn([("S0", "S", 1.0)], posts=posts, firms={"S": state, "S0": {**state, "name": "虚构市国资委"}})
    assert status(held, "S")["control"] == "controlled" and status(held, "S0")["control"] == "state"


def test_a_chain_counts_scaled_shares_and_says_what_lies_beyond_it() -> None:
    found = drawn([("P", "A", 0.8), ("Q", "A", 0.6)])
    link = links_of(found.told.holdings.append_column("valid_from", pa.array([20250101] * 2)), "HOLDS_SHARES")
    (chain,) = chains_to(name("A"), {name("P")}, link)[name("P")]
    assert chain.share == pytest.approx(0.8 / 1.4) == interest(found, "P", "A") and chain.counted == (chain.share,)
    assert chain.steps[0][0].equity == 0.8
    round_it = drawn([("P", "A", 0.6), ("B", "A", 0.4), ("A", "B", 0.5)])
    links = links_of(round_it.told.holdings.append_column("valid_from", pa.array([20250101] * 3)), "HOLDS_SHARES")
    chains = chains_to(name("A"), {name("P")}, links)[name("P")]
    owner = Controller(name("P"), 0.6, interest(round_it, "P", "A"), True, False, False, chains)
    assert [each.share for each in chains] == [0.6] and owner.interest == pytest.approx(0.75)
    assert owner.beyond_chains == pytest.approx(0.15)
