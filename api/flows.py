"""Fund flows of a firm, worked out over the graph store, with names masked and the row that tells each payment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.naming import walked_names
from api.platform import GraphSources
from api.rows import RowReader
from api.telling import party_of, relation_rows, sentence
from api.wire.common import Row
from api.wire.control import Party
from api.wire.flows import (
    EndShown,
    EndSumShown,
    FlowShown,
    FlowsQuery,
    FlowsShown,
    HubShown,
    PaymentShown,
    Pocket,
    ShapeShown,
    ShapesQuery,
    ShapesShown,
)
from graph.clock import from_us
from graph.knowledge.flows import words
from graph.knowledge.flows.answer import FlowAnswer, Hub, Payment
from graph.knowledge.flows.around_firm import shapes_of
from graph.knowledge.flows.one_start import FlowQuery
from graph.knowledge.flows.patterns import PatternBounds
from graph.knowledge.flows.query import FlowBounds
from graph.knowledge.flows.starts import trace_firm
from graph.projection import label_of
from graph.store import Moment


def read_flows(platform: GraphSources, reader: RowReader, firm: str, asked: FlowsQuery) -> FlowsShown:
    """The payments that `asked` means, traced on the reader's day."""
    bounds = FlowBounds(asked.days, asked.before_days, asked.hops, asked.smallest, opening=asked.opening)
    when, zone = Moment.of(reader.snapshot.as_of), platform.ledger.time_zone
    query = FlowQuery(when, asked.direction, asked.method, bounds, asked.amount, zone)
    answers = trace_firm(platform.store, firm, asked.source or "", query)
    mentioned = [each for answer in answers for each in answer.mentioned()]
    told = [each for answer in answers for each in answer.payments]
    owners = {node: owner for answer in answers for node, owner in answer.owners.items()}
    show = _Show(
        walked_names(platform.store, platform.vault, [firm, *mentioned], when),
        owners,
        _rows(reader, told),
    )
    return FlowsShown(
        as_of=when.valid,
        firm=show.party(firm),
        through_seq=platform.store.through_seq,
        version=answers[0].version if answers else "",
        flows=tuple(map(show.flow, answers)),
    )


def read_shapes(platform: GraphSources, reader: RowReader, firm: str, asked: ShapesQuery) -> ShapesShown:
    """Cycles through the firm, gathering in it, scattering from it."""
    when, zone = Moment.of(reader.snapshot.as_of), platform.ledger.time_zone
    bounds = PatternBounds(asked.days, asked.length, asked.share, asked.parties, asked.smallest)
    answer = shapes_of(platform.store, firm, when, bounds, asked.since_days, zone)
    told = [each for shape in answer.shapes for each in shape.payments]
    names = walked_names(platform.store, platform.vault, answer.mentioned(), when)
    show = _Show(names, answer.owners, _rows(reader, told))
    shapes = tuple(
        ShapeShown(
            kind=each.kind,
            said=sentence(words.SHAPES[each.kind]),
            others=each.others,
            amount_fen=each.amount_fen,
            days=each.days,
            payments=tuple(map(show.payment, each.payments)),
        )
        for each in answer.shapes
    )
    through = platform.store.through_seq
    hubs = tuple(map(show.hub, answer.hubs))
    return ShapesShown(as_of=when.valid, firm=show.party(firm), through_seq=through, shapes=shapes, cut=answer.cut, hubs=hubs)


@dataclass(frozen=True)
class _Show:
    names: Mapping[str, str]
    owners: Mapping[str, str]
    rows: Mapping[str, Row]

    def party(self, entity: str) -> Party:
        return party_of(self.names, entity)

    def pocket(self, node: str) -> Pocket:
        owner = node if label_of(node) in {"Firm", "Person"} else self.owners.get(node)
        known = self.party(owner) if owner else None
        return Pocket(id=node, kind=label_of(node), name=self.names.get(node, node), owner=known)

    def payment(self, each: Payment) -> PaymentShown:
        return PaymentShown(
            id=each.rel,
            type=each.type,
            src=self.pocket(each.src),
            dst=self.pocket(each.dst),
            at=from_us(each.at),
            amount_fen=each.amount_fen,
            currency=each.currency,
            purpose=each.purpose,
            traced_fen=each.traced_fen,
            hop=each.hop,
            days=each.days,
            row=self.rows.get(each.rel),
        )

    def hub(self, hub: Hub) -> HubShown:
        return HubShown(at=self.pocket(hub.node), payments=hub.payments)

    def flow(self, answer: FlowAnswer) -> FlowShown:
        return FlowShown(
            start=self.payment(answer.start),
            direction=answer.direction,
            method=answer.method,
            method_said=sentence(words.METHODS[answer.method]),
            traced_fen=answer.traced_fen,
            round_trip=answer.round_trip,
            round_trip_days=answer.round_trip_days,
            out_of_sight=answer.out_of_sight,
            cut=answer.cut,
            sums=tuple(
                EndSumShown(
                    end=each.end,
                    said=sentence(words.ENDS[each.end]),
                    amount_fen=each.amount_fen,
                    share=each.share,
                    days_first=each.days_first,
                    days_last=each.days_last,
                    hops_first=each.hops_first,
                    hops_last=each.hops_last,
                    by_word_fen=each.by_word_fen,
                )
                for each in answer.sums
            ),
            ends=tuple(
                EndShown(
                    end=each.end,
                    said=sentence(words.ENDS[each.end]),
                    how=each.how,
                    how_said=sentence(words.HOWS[each.how]),
                    at=self.pocket(each.node),
                    payment=each.rel,
                    amount_fen=each.amount_fen,
                    share=each.share,
                    hop=each.hop,
                    days=each.days,
                    known_by=each.known_by,
                    word=each.word,
                )
                for each in answer.ends
            ),
            payments=tuple(map(self.payment, answer.payments)),
            hubs=tuple(map(self.hub, answer.hubs)),
        )


def _rows(reader: RowReader, payments: Iterable[Payment]) -> dict[str, Row]:
    return relation_rows(reader, ((each.type, each.rel) for each in payments))
