"""Group clients by the four limbs of article 3, worked out by hand; the book over days; what officers say."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.control.kind import CONTROL
from graph.knowledge.groups.decisions import GroupDecisions
from graph.knowledge.groups.kind import GROUPS
from graph.knowledge.groups.ties import proposal_id
from tests.worlds.build import World

DAY = "2025-06-30"
STATE = {"name": "虚构市国有资产经营有限公司", "state_owned": True}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def holds(world: World, *shares: tuple[str, str, float], **told: Any) -> World:
    """Names the ends that are new: S… the state, P… persons, others firms."""
    for src, dst, share in shares:
        for key in (src, dst):
            name_it(world, key)
        world.relation("HOLDS_SHARES", src, dst, equity_share=share, **told)
    return world


def name_it(world: World, key: str) -> None:
    if key not in world.keys:
        if key.startswith("P"):
            world.person(key)
        else:
            world.firm(key, **(STATE if key.startswith("S") else {}))


class Day:
    """The tables of a day by short names."""

    def __init__(self, world: World, day: str = DAY) -> None:
        compute_book(KnowledgeBook.beside(world.ledger), world.snapshot(day), (CONTROL, GROUPS))
        self.world, self.names = world, {world.id(key): key for key in world.keys}
        book = KnowledgeBook.beside(world.ledger)
        self.tables = {table.name: book.read(table.name, date.fromisoformat(day)).to_pylist() for table in GROUPS.tables}

    def groups(self) -> list[str]:
        """Members of each group, as `ABC`."""
        found = defaultdict(set)
        for row in self.tables["group_members"]:
            if row["certain"]:
                found[row["group"]].add(self.names[row["firm"]])
        return sorted("".join(sorted(each)) for each in found.values())

    def reasons(self, firm: str, certain: bool = True) -> set[tuple[int, str, str]]:
        rows = [row for row in self.tables["group_members"] if self.names[row["firm"]] == firm and row["certain"] == certain]
        return {(row["limb"], row["reason"], self.names[row["other"]]) for row in rows}

    def proposals(self) -> set[tuple[str, str, str, str]]:
        rows = self.tables["dependence_proposals"]
        return {(row["kind"], self.names[row["dependent"]], self.names[row["on"]], row["status"]) for row in rows}

    def findings(self) -> set[tuple[str, str, str]]:
        rows = self.tables["group_findings"]
        return {(row["finding"], self.names[row["firm"]], self.names[row["other"]]) for row in rows}

    def connected(self) -> dict[str, str]:
        """Members of each set, those pending behind a question mark, by its kind and sure members."""
        found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for row in self.tables["connected_clients"]:
            found[row["set"]][row["pending"]].add(self.names[row["member"]])
        return {"".join(sorted(sure)): "".join(sorted(maybe)) for sure, maybe in found.values()}


def decide(world: World, kind: str, dependent: str, on: str, verdict: Any, *, day: str = DAY) -> None:
    at = world.snapshot(day)._cutoff.known_us
    GroupDecisions.beside(world.ledger).decide(
        proposal_id(kind, world.id(dependent), world.id(on)), verdict, "officer", "looked", at
    )


def test_a_mother_and_what_she_controls_are_one_group_and_a_minority_holding_is_not(world: World) -> None:
    holds(world, ("A", "B", 0.6), ("B", "C", 0.7), ("A", "D", 0.5), ("E", "D", 0.5)).commit()
    day = Day(world)
    assert day.groups() == ["ABC"]
    assert day.reasons("C") == {(1, "controlled", "A"), (2, "same_controller", "A")}
    assert day.reasons("A") == {(1, "controls", "C")}
    (group,) = day.tables["group_clients"]
    assert (day.names[group["head"]], group["name"], group["members"]) == ("A", "A", 3)


def test_each_reason_names_the_relations_that_prove_it(world: World) -> None:
    holds(world, ("A", "B", 0.6), ("B", "C", 0.3), ("A", "C", 0.3)).commit()
    day = Day(world)
    (row,) = [r for r in day.tables["group_members"] if day.names[r["firm"]] == "C" and r["reason"] == "controlled"]
    held = {
        row["id"]: (day.names[row["src"]], day.names[row["dst"]]) for row in world.snapshot(DAY).read("HOLDS_SHARES").to_pylist()
    }
    assert {held[rel] for rel in row["path"]} == {("B", "C"), ("A", "C")} and row["strength"] == pytest.approx(0.6)


def test_the_state_makes_no_group_of_what_it_owns(world: World) -> None:
    holds(world, ("S", "A", 1.0), ("S", "B", 1.0), ("A", "C", 0.8)).commit()
    assert Day(world).groups() == ["AC"]


def test_firms_of_one_person_and_of_his_close_kin_are_one_group_and_of_in_laws_are_not(world: World) -> None:
    holds(world, ("P1", "A", 0.6), ("P1", "B", 0.9), ("P2", "C", 0.7), ("P3", "D", 0.8), ("P4", "E", 0.8))
    world.relation("KIN_OF", "P1", "P2", kinship="兄弟姐妹", degree=2).relation("KIN_OF", "P2", "P3", kinship="姻亲", degree=3)
    world.relation("KIN_OF", "P4", "P3", degree=3).commit()
    day = Day(world)
    assert day.groups() == ["ABC"]
    assert day.reasons("A") == {(3, "same_person", "P1"), (3, "kin", "P2")} and day.reasons("C") == {(3, "kin", "P1")}
    assert day.proposals() in ({("kin_unclear", "D", "E", "pending")}, {("kin_unclear", "E", "D", "pending")})


def test_what_a_family_controls_only_together_is_of_its_group(world: World) -> None:
    holds(world, ("P1", "A", 0.3), ("P2", "A", 0.3), ("P3", "A", 0.4), ("P1", "B", 0.8)).relation(
        "KIN_OF", "P1", "P2", kinship="配偶"
    )
    world.commit()
    day = Day(world)
    assert day.groups() == ["AB"]
    assert {(3, "family", "P1"), (3, "family", "P2")} & day.reasons("A") and (3, "same_person", "P1") in day.reasons("B")


def test_kin_of_kin_do_not_add_up(world: World) -> None:
    """P1 and P3 are both kin of P2, who invests in nothing, and not of each other: of A they hold 60%, each for himself."""
    holds(world, ("P1", "A", 0.3), ("P3", "A", 0.3), ("P1", "B", 0.9), ("P3", "C", 0.9)).person("P2")
    world.relation("KIN_OF", "P1", "P2", degree=1).relation("KIN_OF", "P2", "P3", degree=1).commit()
    assert Day(world).groups() == []


def test_filed_groups_count_and_what_contradicts_them_is_found(world: World) -> None:
    holds(world, ("A", "B", 0.6), ("A", "C", 0.6)).firm("D").firm("E").entity("ClientGroup", "G").entity("ClientGroup", "H")
    for firm, group in (("A", "G"), ("B", "G"), ("D", "G"), ("E", "H")):
        world.relation("MEMBER_OF", firm, group)
    world.commit()
    day = Day(world)
    assert day.groups() == ["ABCD"]
    assert (4, "filed", "G") in day.reasons("D")
    assert day.findings() == {("filed_without_tie", "D", "G"), ("computed_unfiled", "C", "G")}


def test_filed_control_makes_members_unless_the_votes_say_another(world: World) -> None:
    holds(world, ("A", "B", 0.6)).firm("C").firm("D")
    world.relation("CONTROLS", "C", "D", basis="协议").relation("CONTROLS", "D", "B").commit()
    day = Day(world)
    assert day.groups() == ["AB", "CD"]
    assert day.proposals() == {("filed_contradicted", "B", "D", "pending")}
    assert day.reasons("B", certain=False) == {(1, "filed_contradicted", "D")}


def test_a_shared_manager_is_proposed_and_one_with_many_posts_is_an_agent(world: World) -> None:
    world.person("P1").person("P2")
    for number in range(11):
        world.firm(f"F{number}").relation("SERVES_AS", "P2", f"F{number}", role="legal_representative")
    for firm in "AB":
        world.firm(firm).relation("SERVES_AS", "P1", firm, role="manager")
    world.commit()
    assert Day(world).proposals() in ({("key_officer", "A", "B", "pending")}, {("key_officer", "B", "A", "pending")})


def test_dependence_is_proposed_from_half_of_sales_with_a_day_to_decide_by(world: World) -> None:
    world.firm("A").firm("B").firm("C").relation("SUPPLIES", "A", "B", known="2025-03-01", sales_share=0.5, purchase_share=0.49)
    world.relation("SUPPLIES", "C", "B", sales_share=0.3).relation("SUPPLIES", "C", "A", sales_share=1.5).commit()
    day = Day(world)
    (row,) = day.tables["dependence_proposals"]
    assert day.proposals() == {("sales", "A", "B", "pending")}
    assert (row["first_known"], row["due"]) == (date(2025, 3, 1), date(2025, 3, 31)) and row["share"] == row["threshold"] == 0.5


def test_a_guarantee_beyond_what_the_guarantor_could_bear_and_notes_that_another_repays(world: World) -> None:
    for firm in "ABCD":
        world.firm(firm)
    world.fact("FinancialStatement", "A", valid_from="2025-01-01", period_end="2024-12-31", net_assets_fen=100)
    world.fact("FinancialStatement", "C", valid_from="2025-01-01", period_end="2024-12-31", net_assets_fen=-5)
    world.relation("GUARANTEES", "A", "B", amount_fen=60).relation("GUARANTEES", "A", "C", amount_fen=40)
    world.relation("GUARANTEES", "C", "D", amount_fen=1).entity("LoanNote", "L").relation("BORROWS", "B", "L")
    world.relation("REPAYS", "D", "L", amount_fen=90, valid_from="2025-02-01")
    world.relation("REPAYS", "B", "L", amount_fen=10, valid_from="2025-03-01").commit()
    assert Day(world).proposals() == {
        ("guarantee", "A", "B", "pending"),
        ("guarantee", "C", "D", "pending"),
        ("repayment", "B", "D", "pending"),
    }


def chain(world: World) -> World:
    """A over A1; B over B1 over B2. B1 sells to A1; X sells to B2, owing 7."""
    holds(world, ("A", "a", 0.6), ("B", "b", 0.6), ("b", "c", 0.6)).firm("X").entity("LoanNote", "L").relation("BORROWS", "X", "L")
    world.fact("LoanNoteState", "L", balance_fen=7)
    return world.relation("SUPPLIES", "b", "a", sales_share=0.8).relation("SUPPLIES", "X", "c", sales_share=0.8)


def test_trouble_runs_down_a_chain_of_dependence_and_not_up(world: World) -> None:
    chain(world).commit()
    day = Day(world)
    assert day.groups() == ["Aa", "Bbc"]
    assert day.connected() == {"Aa": "Xbc", "Bbc": "X"}
    decide(world, "sales", "b", "a", "confirm")
    assert Day(world).connected() == {"Aabc": "X", "Bbc": "X"}
    decide(world, "sales", "X", "c", "confirm")
    day = Day(world)
    assert day.connected() == {"AXabc": "", "BXbc": ""}
    owed = [row["exposure_fen"] for row in day.tables["connected_clients"] if day.names[row["member"]] == "X"]
    assert owed == [7, 7]


def test_a_rejection_takes_out_and_undo_brings_back_and_no_day_sees_a_later_word(world: World) -> None:
    chain(world).commit()
    decide(world, "sales", "b", "a", "reject")
    assert Day(world, "2025-06-29").connected() == {"Aa": "Xbc", "Bbc": "X"}
    assert Day(world, "2025-06-30").connected() == {"Aa": "", "Bbc": "X"}
    decide(world, "sales", "b", "a", "undo")
    assert Day(world, "2025-06-30").connected() == {"Aa": "Xbc", "Bbc": "X"}


def test_firms_that_depend_on_each_other_are_one_set(world: World) -> None:
    for firm in "ABC":
        world.firm(firm)
    for src, dst in (("A", "B"), ("B", "A"), ("C", "A")):
        world.relation("SUPPLIES", src, dst, sales_share=0.9)
    world.commit()
    for dependent, on in (("A", "B"), ("B", "A")):
        decide(world, "sales", dependent, on, "confirm")
    assert Day(world).connected() == {"AB": "C"}


def test_a_confirmed_tie_makes_one_group(world: World) -> None:
    holds(world, ("A", "B", 0.6), ("C", "D", 0.6)).person("P")
    for firm in "BD":
        world.relation("SERVES_AS", "P", firm, role="chairman")
    world.commit()
    (row,) = Day(world).tables["dependence_proposals"]
    GroupDecisions.beside(world.ledger).decide(row["id"], "confirm", "officer", "same office", world.snapshot(DAY)._cutoff.known_us)
    day = Day(world)
    assert day.groups() == ["ABCD"] and any(reason == (4, "key_officer", other) for reason in day.reasons("D") for other in "BD")


def test_a_group_that_grows_keeps_its_identity_and_one_that_splits_says_so(world: World) -> None:
    holds(world, ("A", "B", 0.6), known="2025-01-01")
    holds(world, ("A", "C", 0.6), known="2025-02-01", valid_from="2025-02-01").commit()
    first, second = Day(world, "2025-01-31"), Day(world, "2025-02-28")
    assert [row["group"] for row in first.tables["group_clients"]] == [row["group"] for row in second.tables["group_clients"]]
    assert [(row["event"], row["joined"]) for row in second.tables["group_lineage"]] == [("grown", 1)]
