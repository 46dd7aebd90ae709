"""The ways of holdings by which someone reaches a firm: simple ways, the largest product of shares first."""

import heapq
from collections import defaultdict
from itertools import pairwise
from math import prod

import pyarrow as pa

from graph.knowledge.control.answer import Chain, Link

MOST_CHAINS = 20  # of one owner
MOST_STEPS = 20_000


def links_of(rows: pa.Table, type_name: str) -> list[Link]:
    """Rows of a walk as links."""
    return [
        Link(
            rel=row["id"],
            type=type_name,
            src=row["src"],
            dst=row["dst"],
            equity=row.get("equity_share"),
            votes=row.get("voting_share"),
            valid_from=row["valid_from"],
        )
        for row in rows.to_pylist()
    ]


def chains_to(firm: str, wanted: set[str], holdings: list[Link]) -> dict[str, tuple[Chain, ...]]:
    """For each wanted entity up to MOST_CHAINS ways down to `firm`, none through one entity twice.

    Best first from the firm upward: a way only gets smaller, so ways come in the order of their products. Steps without equity
    but with votes count too; their product is 0. Shares of one firm that add up to more than 1 are scaled, as everywhere here, and
    a row with a share outside 0 to 1 counts for nothing.
    """
    holdings = [link for link in holdings if all(share is None or 0 <= share <= 1 for share in (link.equity, link.votes))]
    total: dict[str, float] = defaultdict(float)
    for link in holdings:
        total[link.dst] += _equity(link)
    above: dict[str, dict[str, list[Link]]] = defaultdict(lambda: defaultdict(list))
    for link in holdings:
        above[link.dst][link.src].append(link)
    found: dict[str, list[Chain]] = defaultdict(list)
    heap: list[tuple[float, int, tuple[str, ...], tuple[float, ...]]] = [(-1.0, 0, (firm,), ())]
    for number in range(1, MOST_STEPS):
        if not heap or all(len(found[each]) >= MOST_CHAINS for each in wanted):
            break
        weight, _, way, counted = heapq.heappop(heap)
        head = way[0]
        if head in wanted and len(way) > 1 and len(found[head]) < MOST_CHAINS:
            steps = tuple(tuple(above[below][holder]) for holder, below in pairwise(way))
            found[head].append(Chain(way, steps, prod(counted), counted))
        for place, (holder, links) in enumerate(above[head].items()):
            if holder in way:
                continue
            equity = sum(_equity(link) for link in links) / max(1.0, total[head])
            command = max(equity, min(1.0, sum(link.votes or 0.0 for link in links)))
            if command > 0:
                order = number * 1_000_000 + place  # the first found of two alike comes first
                heapq.heappush(heap, (weight * command, order, (holder, *way), (equity, *counted)))
    return {each: tuple(chains) for each, chains in found.items()}


def _equity(link: Link) -> float:
    return link.equity or 0.0
