"""Exposure and limits of a firm, and of the whole book, in their wire shapes."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import pyarrow as pa

from alerts.said import Sentence
from api.paging import page_after
from api.platform import Platform
from api.rows import RowReader
from api.telling import sentence
from api.wire.common import Row
from api.wire.exposure import (
    AmountsView,
    CapitalFigureView,
    CapitalView,
    ExposureGroup,
    ExposureItem,
    ExposureQuery,
    FirmExposure,
    LimitChange,
    LimitQuery,
    LimitUses,
    LimitUseView,
)
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.exposure import words
from graph.knowledge.exposure.answer import ExposureAnswer, Item, LimitUse, after_loan, tightest
from graph.knowledge.exposure.one_firm import exposure_answer, groups_in_book
from graph.knowledge.exposure.ranking import place, ranked, without_pending
from graph.knowledge.exposure.rows import schema_of
from graph.knowledge.exposure.rules import LimitSettings, limits_beside
from graph.snapshot import Snapshot


class HeldRows:
    """Rows out of the API's reader, which holds the open day's tables."""

    def __init__(self, reader: RowReader) -> None:
        self.snapshot: Snapshot = reader.snapshot
        self._reader = reader

    def about(self, type_name: str, column: str, ids: Sequence[str]) -> pa.Table:
        return pa.Table.from_pylist(self._reader.rows(type_name, column, ids), schema_of(type_name))


def read_exposure(platform: Platform, reader: RowReader, firm: str, query: ExposureQuery) -> FirmExposure:
    """What is out to the firm on the reader's day, before and after the loan that is asked about."""
    settings = limits_beside(platform.ledger)
    rows = HeldRows(reader)
    groups = groups_in_book(KnowledgeBook.beside(platform.ledger), firm, rows)
    answer = exposure_answer(rows, firm, settings, groups)
    after = after_loan(answer.limits, query.add_fen, query.product, settings)
    return shown(answer, after, query.add_fen, query.product, settings)


def read_limit_uses(platform: Platform, snapshot: Snapshot, query: LimitQuery) -> LimitUses:
    """Who uses most of a limit. NotComputedError where the day was not computed."""
    settings = limits_beside(platform.ledger)
    found = ranked(KnowledgeBook.beside(platform.ledger), snapshot.as_of, settings, query.above, query.rule)
    found = found if query.pending else without_pending(found)
    page, cursor = page_after(found.uses, place, query.cursor, query.limit)
    return LimitUses(
        as_of=found.day,
        ledger_seq=found.ledger_seq,
        levels=found.counts,
        items=tuple(use_shown(use, settings) for use in page),
        next=cursor,
    )


def shown(answer: ExposureAnswer, after: Sequence[LimitUse], add_fen: int, product: str, settings: LimitSettings) -> FirmExposure:
    """The answer as a loan system reads it."""
    told = partial(use_shown, settings=settings)
    binding = tightest(tuple(after))
    return FirmExposure(
        as_of=answer.day,
        ledger_seq=answer.ledger_seq,
        firm=answer.firm,
        capital=_capital(answer),
        interbank=answer.interbank,
        amounts=AmountsView(**asdict(answer.amounts)),
        guaranteed_fen=answer.guaranteed_fen,
        items=tuple(map(_item, answer.items)),
        groups=tuple(
            ExposureGroup(
                kind=each.kind,
                said=sentence(words.GROUPS[each.kind]),
                group=each.group,
                members=each.members,
                interbank=each.interbank,
                amounts=AmountsView(**asdict(each.amounts)),
            )
            for each in answer.groups
        ),
        unseen=_unseen(answer),
        add_fen=add_fen,
        product=product,
        limits=tuple(LimitChange(before=told(before), after=told(then)) for before, then in zip(answer.limits, after, strict=True)),
        binds=binding.rule.id if binding else None,
    )


def use_shown(use: LimitUse, settings: LimitSettings) -> LimitUseView:
    """One use of a limit, with where the limit stands."""
    rule = use.rule
    document = settings.documents[rule.source]
    plain = {name: getattr(use, name) for name in _SAME}
    return LimitUseView(
        rule=rule.id,
        name=Sentence(rule.name.zh, rule.name.en),
        document=f"{document.document} {document.number}",
        article=rule.article,
        article_status=rule.article_status,
        status=rule.status,
        limit=float(rule.limit),
        capital=rule.capital,
        said=sentence(words.LEVELS[use.level]),
        **plain,
    )


_SAME = (
    *("subject", "pending", "amount_fen", "capital_fen", "capital_on", "limit_fen", "headroom_fen"),
    *("share", "use", "large", "level", "missing"),
)


def _capital(answer: ExposureAnswer) -> CapitalView:
    capital = answer.capital
    figures = tuple(CapitalFigureView(name=name, fen=each.fen, on=each.on) for name, each in capital.figures.items())
    reason = None if figures else sentence(words.CAPITAL[capital.reason])
    return CapitalView(bank=capital.bank, figures=figures, late=capital.late, reason=reason)


def _item(item: Item) -> ExposureItem:
    row = Row(table=item.row_type, id=item.row_id, file=item.file, sheet=item.sheet, line=item.line, batch=item.batch)
    same = {name: getattr(item, name) for name in ExposureItem.model_fields if name not in {"said", "row"}}
    return ExposureItem(said=sentence(words.COMPONENTS[item.component]), row=row, **same)


def _unseen(answer: ExposureAnswer) -> tuple[Sentence, ...]:
    missing = [words.no_rate(currency) for currency in answer.missing]
    return tuple(map(sentence, [words.NOT_GROUPED, *missing] if answer.grouped == "not_computed" else missing))
