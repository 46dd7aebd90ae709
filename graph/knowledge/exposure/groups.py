"""Who stands together in the limits: group clients and connected clients as worked out before, and the bank's related parties."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.exposure.schemas import GROUPS


def of_tables(group_members: pa.Table, connected_clients: pa.Table) -> pa.Table:
    """Schema GROUPS out of the tables of `graph.knowledge.groups`: group clients, and sets of connected clients.

    A set that is larger once what is pending is confirmed is there a second time, as `connected_with_pending`.
    """
    certain = group_members.filter(group_members["certain"]).select(["group", "firm"]).group_by(["group", "firm"]).aggregate([])
    sets = connected_clients.select(["set", "member", "pending"])
    decided = sets.filter(pc.invert(sets["pending"]))
    alone = pc.value_counts(decided["set"].combine_chunks())
    alone = alone.field("values").filter(pc.less(alone.field("counts"), 2))
    decided = decided.filter(pc.invert(pc.is_in(decided["set"], alone)))  # one client is no set
    larger = sets.filter(sets["pending"])["set"].unique()
    tables = [("group_client", certain["group"], certain["firm"]), ("connected", decided["set"], decided["member"])]
    both = sets.filter(pc.is_in(sets["set"], larger))
    tables.append(("connected_with_pending", both["set"], both["member"]))
    return pa.concat_tables(pa.table([pa.repeat(kind, len(group)), group, member], schema=GROUPS) for kind, group, member in tables)


def related(bank: str, registered: Iterable[str], ties: tuple[pa.Table, pa.Table, pa.Table], holder_share: float) -> pa.Table:
    """Schema GROUPS: the bank's related parties alone (`related`), with what each controls (`related_group`), and all of them.

    Related: who stands in the bank's own register (`registered`); who holds `holder_share` and more of the bank or of its
    votes, who serves there, who controls it; and what all these control. `ties`: holdings (src, dst, equity_share,
    voting_share), posts (src, dst), controllers (src, dst). Kin count where the register names them.
    """
    holders, posts, controllers = ties
    if not bank:
        return GROUPS.empty_table()
    roots = {*registered, *_roots(bank, holders, holder_share), *_of(posts, bank), *_of(controllers, bank)}
    own = controllers.filter(pc.is_in(controllers["src"], pa.array(sorted(roots), pa.string())))
    under: dict[str, set[str]] = {root: {root} for root in roots}
    for src, dst in zip(own["src"].to_pylist(), own["dst"].to_pylist(), strict=True):
        if dst != bank:
            under[src].add(dst)
    everyone = set().union(*under.values())
    rows = [("related", one, one) for one in sorted(everyone)]
    rows += [("related_group", root, one) for root in sorted(under) for one in sorted(under[root]) if len(under[root]) > 1]
    rows += [("related_all", bank, one) for one in sorted(everyone)]
    return pa.Table.from_pylist([dict(zip(GROUPS.names, row, strict=True)) for row in rows], GROUPS)


def _roots(bank: str, holders: pa.Table, share: float) -> Iterable[str]:
    """Parallel rows of one holder add up."""
    held: dict[str, list[float]] = {}
    for row in holders.filter(pc.equal(holders["dst"], bank)).to_pylist():
        both = held.setdefault(row["src"], [0.0, 0.0])
        both[0] += row["equity_share"] or 0.0
        both[1] += row["voting_share"] if row["voting_share"] is not None else row["equity_share"] or 0.0
    return (src for src, both in held.items() if max(both) >= share - 1e-9)


def _of(table: pa.Table, bank: str) -> list[str]:
    found: list[str] = table.filter(pc.equal(table["dst"], bank))["src"].to_pylist()
    return found
