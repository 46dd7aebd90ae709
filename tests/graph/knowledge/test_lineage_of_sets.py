"""A circle is the same circle while it grows; of two that merge, or of the parts of one, the greatest overlap keeps the name."""

from collections.abc import Mapping

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from graph.knowledge.lineage_of_sets import SETS, Followed, follow, without_later_births

Worlds = Mapping[str, str]
"""Sets by key: each letter is a member."""


def sets(drawn: Worlds, weights: Mapping[str, float] = {}, name: str | None = None, turned: bool = False) -> pa.Table:
    rows = [{"set": k, "name": name, "member": m, "weight": weights.get(m, 1.0)} for k, members in drawn.items() for m in members]
    return pa.Table.from_pylist(rows[::-1] if turned else rows, SETS)


def first(drawn: Worlds) -> dict[str, str]:
    """Identities of a first day."""
    return named(follow(sets({}), sets(drawn), "c-"))


def named(found: Followed) -> dict[str, str]:
    return dict(zip(found.identities["set"].to_pylist(), found.identities["identity"].to_pylist(), strict=True))


def told(found: Followed) -> set[tuple[str, str, str | None]]:
    return {(row["set"], row["event"], row["other"]) for row in found.lineage.to_pylist()}


def test_on_the_first_day_each_set_is_born_with_a_name_made_of_its_members() -> None:
    found = follow(sets({}), sets({"x": "AB", "y": "CDE"}), "c-")
    ids = named(found)
    assert told(found) == {(ids["x"], "born", None), (ids["y"], "born", None)}
    assert ids["x"] == first({"other key": "BA"})["other key"] != ids["y"]


def test_a_set_keeps_its_identity_while_members_come_and_go() -> None:
    for members, event in (("ABC", "kept"), ("ABCD", "grown"), ("AB", "shrunk"), ("ABD", "changed")):
        found = follow(sets({"X": "ABC"}), sets({"n": members}), "c-")
        assert (named(found), told(found)) == ({"n": "X"}, {("X", event, "X")})


def test_of_two_that_merge_the_one_with_the_greater_overlap_lends_its_identity() -> None:
    found = follow(sets({"X": "ABC", "Y": "DE"}), sets({"n": "ABCDE"}), "c-")
    assert named(found) == {"n": "X"}
    assert told(found) == {("X", "grown", "X"), ("X", "merged", "Y"), ("Y", "absorbed", "X")}


def test_overlap_is_weighed_so_that_the_pair_with_the_exposure_keeps_the_identity() -> None:
    found = follow(sets({"X": "ABC", "Y": "DE"}), sets({"n": "ABCDE"}, {"D": 100.0}), "c-")
    assert named(found) == {"n": "Y"}


def test_of_a_split_the_greater_part_keeps_the_identity_and_the_other_is_split_off() -> None:
    found = follow(sets({"X": "ABCDE"}), sets({"n": "ABC", "m": "DE"}), "c-")
    ids = named(found)
    assert ids["n"] == "X" and ids["m"].startswith("c-")
    assert told(found) == {("X", "shrunk", "X"), ("X", "split", ids["m"]), (ids["m"], "split_off", "X")}


def test_one_common_member_of_many_makes_no_kin() -> None:
    found = follow(sets({"X": "ABCD"}), sets({"n": "DEFG"}), "c-")
    assert told(found) == {("X", "ended", None), (named(found)["n"], "born", None)}


def test_a_new_name_for_the_same_set_is_told() -> None:
    found = follow(sets({"X": "AB"}, name="A"), sets({"n": "AB"}, name="B"), "c-")
    assert told(found) == {("X", "kept", "X"), ("X", "renamed", None)}


def test_a_part_is_never_called_as_what_it_was_split_off_was_once_called() -> None:
    """{A, B} was born, grew to {A, B, C, D, E, F}, and now falls apart: the greater part is the old circle, {A, B} a new one."""
    born = first({"n": "AB"})["n"]
    found = follow(sets({born: "ABCDEF"}), sets({"n": "CDEF", "m": "AB"}), "c-")
    assert named(found)["n"] == born != named(found)["m"]


def partition(labels: list[int]) -> dict[str, str]:
    drawn: dict[str, str] = {}
    for member, label in zip("ABCDEFGHIJ", labels, strict=True):
        if label:
            drawn[f"k{label}"] = drawn.get(f"k{label}", "") + member
    return drawn


@given(*(st.lists(st.integers(0, 4), min_size=10, max_size=10) for _ in range(2)))
def test_no_identity_is_given_twice_every_set_is_accounted_for_and_the_order_of_rows_does_not_matter(
    old: list[int], new: list[int]
) -> None:
    was, now = partition(old), partition(new)
    found = follow(sets(was), sets(now), "c-")
    ids = named(found)
    assert len(set(ids.values())) == len(ids) == len(now)
    turned = follow(sets(was, turned=True), sets(now, turned=True), "c-")
    assert turned.lineage.equals(found.lineage) and turned.identities.equals(found.identities)
    events = told(found)
    about = {one for one, _, _ in events}
    assert about == set(ids.values()) | set(was)
    going = {"kept", "grown", "shrunk", "changed"}
    for key in was:
        assert any(event in going | {"ended", "absorbed"} for one, event, _ in events if one == key)


def test_a_day_computed_before_an_earlier_one_tells_no_second_birth() -> None:
    told = [{"event": each} for each in ("born", "born", "grown", "ended", "born")]
    assert [row["event"] for row in without_later_births(told)] == ["born", "grown", "ended", "born"]
