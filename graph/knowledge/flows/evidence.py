"""The rows of the bank's files that tell payments."""

from collections.abc import Iterable
from datetime import date

from graph.clock import day_of
from graph.knowledge.flows.answer import Payment
from graph.ledger import Ledger
from graph.network import NetworkEdge
from graph.store import whole_day
from graph.views import EdgeSource, edge_sources


def sources_of(ledger: Ledger, payments: Iterable[Payment], known: date, ledger_seq: int) -> list[EdgeSource]:
    """File and line of each payment, as known by the end of `known`."""
    edges = [
        NetworkEdge(p.rel, p.type, p.src, p.dst, p.amount_fen, None, whole_day(day_of(p.at, ledger.time_zone)), 0) for p in payments
    ]
    return edge_sources(ledger, list({edge.rel: edge for edge in edges}.values()), known, ledger_seq)
