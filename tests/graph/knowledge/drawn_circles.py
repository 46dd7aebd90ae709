"""Guarantees drawn by hand: short names in, tables out. Amounts in fen."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from graph.knowledge.circles.assess import Assessment
from graph.knowledge.circles.told import Told
from tests.graph.knowledge.drawn import name

Guarantee = tuple[Any, ...]
"""(guarantor, borrower, amount) and, by name, what else is told: {"liability": …, "scheme": …, "contract": …}."""

_GUARANTEES = pa.schema(
    [("id", pa.string()), ("src", pa.string()), ("dst", pa.string()), ("amount_fen", pa.int64())]
    + [(column, pa.string()) for column in ("liability", "scheme", "contract")]
)
_DEBTS = pa.schema([("party", pa.string()), ("note", pa.string()), ("balance_fen", pa.int64())])
_NET = pa.schema([("party", pa.string()), ("net_assets_fen", pa.int64()), ("statement", pa.string())])
_ELSEWHERE = pa.schema([("party", pa.string()), ("elsewhere_fen", pa.int64())])


def circles_of(
    guarantees: Iterable[Guarantee],
    owes: Mapping[str, int] | None = None,
    net: Mapping[str, int] | None = None,
    elsewhere: Mapping[str, int] | None = None,
) -> Assessment:
    """The verdict over what is drawn; who is not in `owes` owes this bank nothing, who is not in `net` tells no net assets."""
    rows = []
    for number, (src, dst, amount, *more) in enumerate(guarantees):
        told = {"id": f"g{number}", "src": name(src), "dst": name(dst), "amount_fen": amount}
        rows.append({**told, "liability": "", "scheme": "", "contract": "", **(more[0] if more else {})})
    debts = [{"party": name(key), "note": f"n{key}", "balance_fen": fen} for key, fen in (owes or {}).items()]
    nets = [{"party": name(key), "net_assets_fen": fen, "statement": f"s{key}"} for key, fen in (net or {}).items()]
    others = [{"party": name(key), "elsewhere_fen": fen} for key, fen in (elsewhere or {}).items()]
    tables = ((rows, _GUARANTEES), (debts, _DEBTS), (nets, _NET), (others, _ELSEWHERE))
    return Assessment(Told(*(pa.Table.from_pylist(list(each), schema) for each, schema in tables)))


def scheme(members: Iterable[str], amount: int | None, contract: str = "J") -> list[Guarantee]:
    """A joint scheme as a bank writes it down once: the first member for each other one."""
    first, *others = members
    return [(first, other, amount, {"scheme": "joint", "contract": contract}) for other in others]


def rings(found: Assessment) -> set[str]:
    """Members of each circle, as one word: {"ABC"}."""
    drawn: dict[str, str] = {}
    for row in found.members().to_pylist():
        drawn[row["circle"]] = drawn.get(row["circle"], "") + key(row["member"])
    return set(drawn.values())


def circle(found: Assessment) -> dict[str, Any]:
    """The only circle; parties by short names."""
    (row,) = found.circles().to_pylist()
    return {column: key(value) if column in {"leader", "weakest"} else value for column, value in row.items()}


def member(found: Assessment, who: str) -> dict[str, Any]:
    (row,) = [row for row in found.members().to_pylist() if row["member"] == name(who)]
    return dict(row)


def chain(found: Assessment, who: str) -> tuple[int, int]:
    """(above, below)."""
    (row,) = [row for row in found.chains().to_pylist() if row["party"] == name(who)]
    return row["above"], row["below"]


def calls(found: Assessment) -> dict[str, tuple[int, bool]]:
    """What each guarantor of the weakest link pays, and whether that takes all it has."""
    return {key(row["guarantor"]): (row["called_fen"], row["exhausted"]) for row in found.calls().to_pylist()}


def key(entity: str | None) -> str:
    return (entity or "-").partition("-")[2]
