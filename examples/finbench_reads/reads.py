"""TCR1 to TCR12, as bounded walks: each node is asked for once a step, however many ways lead to it.

Where a trace must ascend in time, of all ways to a node only the earliest arrival matters, so the frontier stays as small as the
number of nodes where a path pattern holds every path. Ids are entity ids; rows are sorted as specified, ties by id. Amounts in fen.
"""

from collections.abc import Callable
from typing import Any

from examples.finbench_reads.hops import Edge, Reads, Span

Rows = list[tuple[Any, ...]]
STEPS = 3


def tcr1(reads: Reads, account: str, span: Span) -> Rows:
    """Accounts within three ascending transfers that a blocked medium signed in to: id, distance, medium, its type."""
    levels = _levels(reads, {account: span.start_us}, "out", span)
    reached = {node for level in levels for node in level}
    signed = reads.step(reached, "SIGNS_IN", "in", span)
    media = reads.reader.states(sorted({e.other for edges in signed.values() for e in edges}), reads.when)
    found = set()
    for distance, level in enumerate(levels, 1):
        for node in level:
            for edge in signed.get(node, ()):
                if media[edge.other]["blocked"]:
                    found.add((node, distance, edge.other, media[edge.other]["medium_type"]))
    return sorted(found, key=lambda row: (row[1], row[0], row[2]))


def tcr2(reads: Reads, person: str, span: Span) -> Rows:
    """Accounts whose money came to the person within three ascending transfers and that loans were deposited to: id, sum of the
    distinct loans' amounts, of their balances."""
    owned = reads.ends([person], "OWNS_ACCOUNT", "out").get(person, [])
    levels = _levels(reads, dict.fromkeys(owned, span.end_us), "in", span)
    deposits = reads.step({node for level in levels for node in level}, "DISBURSES", "in", span)
    loans = {node: {edge.other for edge in edges} for node, edges in deposits.items()}
    states = reads.reader.states(sorted({loan for each in loans.values() for loan in each}), reads.when)

    def total(each: set[str], name: str) -> int:
        return sum(states[loan][name] for loan in each)

    rows = [(node, total(each, "principal_fen"), total(each, "balance_fen")) for node, each in loans.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def tcr3(reads: Reads, source: str, target: str, span: Span) -> Rows:
    """The length of the shortest way of transfers, -1 for none: widened from the smaller side."""
    if source == target:
        return [(0,)]
    seen, frontier = ({source}, {target}), [{source}, {target}]
    length = 0
    while frontier[0] and frontier[1]:
        side = 0 if len(frontier[0]) <= len(frontier[1]) else 1
        edges = reads.step(frontier[side], "TRANSFERS", ("out", "in")[side], span)
        length += 1
        new = {edge.other for each in edges.values() for edge in each} - seen[side]
        if new & seen[1 - side]:
            return [(length,)]
        seen[side].update(new)
        frontier[side] = new
    return [(-1,)]


def tcr4(reads: Reads, source: str, target: str, span: Span) -> Rows:
    """Others in a cycle source -> target -> other -> source: id, then number, sum and largest of what other paid, and was paid."""
    if not any(edge.other == target for edge in reads.step([source], "TRANSFERS", "out", span).get(source, ())):
        return []
    back = _by_other(reads.step([source], "TRANSFERS", "in", span).get(source, []))
    out = _by_other(reads.step([target], "TRANSFERS", "out", span).get(target, []))
    rows = [(other, *_sums(back[other]), *_sums(out[other])) for other in back.keys() & out.keys()]
    return sorted(rows, key=lambda row: (-row[2], -row[5], row[0]))


def tcr5(reads: Reads, person: str, span: Span) -> Rows:
    """Every way of at most three ascending transfers out of the person's accounts, no account twice, parallel ones once."""
    owned = reads.ends([person], "OWNS_ACCOUNT", "out").get(person, [])
    ways: dict[tuple[str, ...], int] = {(account,): span.start_us for account in owned}
    found: list[tuple[str, ...]] = []
    known: dict[str, list[Edge]] = {}
    for _ in range(STEPS):
        known |= reads.step({way[-1] for way in ways} - known.keys(), "TRANSFERS", "out", span)
        after: dict[tuple[str, ...], int] = {}
        for way, at in ways.items():
            for edge in known.get(way[-1], ()):
                if edge.at <= at:
                    break  # the newest come first
                if edge.other not in way:
                    longer = (*way, edge.other)
                    after[longer] = min(edge.at, after.get(longer, edge.at))
        found += after
        ways = after
    return [(way,) for way in sorted(found, key=lambda way: (-len(way), way))]


def tcr6(reads: Reads, account: str, span: Span, over: tuple[float, float]) -> Rows:
    """Accounts that withdrew to the card above the second threshold, after more than three transfers in above the first."""
    state = reads.reader.states([account], reads.when).get(account, {})
    if "card" not in (state.get("account_type") or ""):
        return []
    drawn = _by_other(reads.step([account], "WITHDRAWS", "in", span, over[1]).get(account, []))
    came = reads.step(drawn, "TRANSFERS", "in", span, over[0])
    rows = [(mid, _sums(edges)[1], _sums(drawn[mid])[1]) for mid, edges in came.items() if len(edges) > 3]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def tcr7(reads: Reads, account: str, span: Span, over: float) -> Rows:
    """Distinct payers and payees above the threshold, and money in over money out, -1 where none went out."""
    came = reads.step([account], "TRANSFERS", "in", span, over).get(account, [])
    went = reads.step([account], "TRANSFERS", "out", span, over).get(account, [])
    return [(len({e.other for e in came}), len({e.other for e in went}), _ratio(_total(came), _total(went)))]


def tcr8(reads: Reads, loan: str, span: Span, threshold: float) -> Rows:
    """Accounts within three transfers or withdrawals of those that the loan was deposited to: id, what came over the loan's amount,
    least distance from the loan. Each payment exceeds `threshold` of what came to its payer at the step before."""
    amount = reads.reader.states([loan], reads.when)[loan]["principal_fen"]
    deposits = reads.step([loan], "DISBURSES", "out", span).get(loan, [])
    upstream: dict[str, int] = {}
    for edge in deposits:
        upstream[edge.other] = upstream.get(edge.other, 0) + edge.amount
    known: dict[str, list[Edge]] = {}
    came: dict[str, dict[str, int]] = {}
    distance: dict[str, int] = {}
    for hop in range(STEPS):
        new = upstream.keys() - known.keys()
        steps = [reads.step(new, kind, "out", span) for kind in ("TRANSFERS", "WITHDRAWS")]
        known |= {node: [edge for step in steps for edge in step.get(node, ())] for node in new}
        after: dict[str, dict[str, int]] = {}
        for node, much in upstream.items():
            for edge in known[node]:
                if edge.amount > much * threshold:
                    after.setdefault(edge.other, {})[edge.rel] = edge.amount
                    distance.setdefault(edge.other, hop + 2)
        for node, edges in after.items():
            came.setdefault(node, {}).update(edges)
        upstream = {node: sum(edges.values()) for node, edges in after.items()}
    rows = [(node, round(sum(edges.values()) / amount, 3), distance[node]) for node, edges in came.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


def tcr9(reads: Reads, account: str, span: Span, over: float) -> Rows:
    """Deposits over repayments, deposits over transfers out, transfers in over transfers out; -1 where there is nothing below."""
    asked = (("DISBURSES", "in"), ("REPAYS", "out"), ("TRANSFERS", "in"), ("TRANSFERS", "out"))
    sums = [_total(reads.step([account], kind, way, span, over).get(account, [])) for kind, way in asked]
    return [(_ratio(sums[0], sums[1]), _ratio(sums[0], sums[3]), _ratio(sums[2], sums[3]))]


def tcr10(reads: Reads, one: str, other: str, span: Span) -> Rows:
    """How alike the companies are that two persons invest in (Jaccard); 0 where neither does. Never truncated."""
    held = reads.step([one, other], "HOLDS_SHARES", "out", Span(span.start_us, span.end_us))
    sets = [{edge.other for edge in held.get(person, ())} for person in (one, other)]
    either = sets[0] | sets[1]
    return [(round(len(sets[0] & sets[1]) / len(either), 3) if either else 0.0,)]


def tcr11(reads: Reads, person: str, span: Span) -> Rows:
    """Sum and number of the distinct loans of all whom the person guarantees, whom these guarantee, and so on."""
    seen: set[str] = set()
    frontier = {person}
    while frontier:
        edges = reads.step(frontier, "GUARANTEES", "out", span)
        frontier = {edge.other for each in edges.values() for edge in each} - seen
        seen |= frontier
    loans = {loan for each in reads.ends(seen, "BORROWS", "out").values() for loan in each}
    states = reads.reader.states(sorted(loans), reads.when)
    return [(sum(states[loan]["principal_fen"] for loan in loans), len(loans))]


def tcr12(reads: Reads, person: str, span: Span) -> Rows:
    """Company accounts that the person's accounts paid: id and how much."""
    owned = reads.ends([person], "OWNS_ACCOUNT", "out").get(person, [])
    paid: dict[str, int] = {}
    for edges in reads.step(owned, "TRANSFERS", "out", span).values():
        for edge in edges:
            paid[edge.other] = paid.get(edge.other, 0) + edge.amount
    owners = reads.ends(paid, "OWNS_ACCOUNT", "in")
    rows = [(node, much) for node, much in paid.items() if any(o.startswith("Firm-") for o in owners.get(node, ()))]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


READS: dict[int, Callable[..., Rows]] = dict(
    enumerate((tcr1, tcr2, tcr3, tcr4, tcr5, tcr6, tcr7, tcr8, tcr9, tcr10, tcr11, tcr12), 1)
)


def _levels(reads: Reads, start: dict[str, int], way: str, span: Span) -> list[dict[str, int]]:
    """Of each step the nodes reached, with the earliest arrival (backward, the latest departure): each transfer later than the one
    before."""
    forward, levels, level = way == "out", [], start
    known: dict[str, list[Edge]] = {}
    for _ in range(STEPS):
        known |= reads.step(level.keys() - known.keys(), "TRANSFERS", way, span)
        after: dict[str, int] = {}
        for node, at in level.items():
            for edge in known.get(node, ()):
                if edge.at > at if forward else edge.at < at:
                    best = after.get(edge.other, edge.at)
                    after[edge.other] = min(best, edge.at) if forward else max(best, edge.at)
        levels.append(after)
        level = after
    return levels


def _by_other(edges: list[Edge]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.other, []).append(edge)
    return found


def _sums(edges: list[Edge]) -> tuple[int, int, int]:
    return len(edges), _total(edges), max(edge.amount for edge in edges)


def _total(edges: list[Edge]) -> int:
    return sum(edge.amount for edge in edges)


def _ratio(above: int, below: int) -> float:
    return round(above / below, 3) if below else -1.0
