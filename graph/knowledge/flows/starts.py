"""Which payments a question means: those of a loan note, one by its id, those of a day, or the last drawdown of a firm."""

import re
from datetime import date, timedelta
from typing import Any

import polars as pl

from graph.clock import START_OF_TIME, day_of, iso_day
from graph.errors import InputError, NotFoundError
from graph.knowledge.flows.answer import FlowAnswer
from graph.knowledge.flows.moves import MOVES
from graph.knowledge.flows.one_start import FlowQuery, trace_payment
from graph.knowledge.flows.query import Direction
from graph.knowledge.flows.surroundings import Surroundings, check_known, payment_types
from graph.projection import label_of
from graph.store import GraphReader, Hop, Moment, Window

MOST_STARTS = 20
_MOST_NOTES = 2_000
_MOST_PAYMENTS = 20_000
_REL = re.compile(r"[0-9a-f]{32}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def trace_firm(reader: GraphReader, firm: str, source: str, query: FlowQuery) -> tuple[FlowAnswer, ...]:
    """Traces what `source` means for a firm: a note (id or number), a payment's id, a day, or nothing: its last drawdown.

    NotFoundError where the firm is not known on that day, or there is no such payment; InputError for an amount above the payment.
    """
    check_known(reader, firm, query.when)
    starts = _Starts(reader, firm, query).of(source.strip())
    answers = []
    for start in starts.iter_slices(1):
        whole = start["amount_fen"].item()
        if query.amount_fen is not None and not 0 < query.amount_fen <= whole:
            fix = f"The payment is of {whole} fen: name a part of it, or leave the amount out."
            raise InputError(f"amount: {query.amount_fen} fen cannot be traced.", fix, "amount")
        answers.append(trace_payment(reader, start, firm, query))
    return tuple(answers)


class _Starts:
    def __init__(self, reader: GraphReader, firm: str, query: FlowQuery) -> None:
        self._reader = reader
        self._firm = firm
        self._query = query
        self._when = query.when
        self._around = Surroundings(reader, query.when, firm, query.time_zone)

    def of(self, source: str) -> pl.DataFrame:
        """MOVES, the largest first where there are several, `MOST_STARTS` at most."""
        if _REL.fullmatch(source):
            return self._payment(source)
        if _DAY.fullmatch(source):
            return self._of_day(source)
        notes = self._notes()
        if not source:
            drawn = self._drawn(notes).sort("at", "rel").tail(1)
            return _some(
                drawn, f"No drawdown of '{self._firm}' is known on {self._when.valid}.", "Name a payment or a day.", "firm"
            )
        note = self._note(source, notes)
        drawn = self._drawn([note]).sort("amount_fen", "rel", descending=[True, False]).head(MOST_STARTS)
        return _some(
            drawn, f"No payment of the loan note '{source}' is known on {self._when.valid}.", "It may not be drawn yet.", "from"
        )

    def _notes(self) -> list[str]:
        """Notes of the firm."""
        found = self._reader.expand([self._firm], Hop(("BORROWS",), self._when, ("out",), _MOST_NOTES))["other"].to_pylist()
        return [each for each in found if label_of(each) == "LoanNote"]

    def _note(self, source: str, notes: list[str]) -> str:
        if source in notes:
            return source
        numbered = self._reader.states(notes, self._when)
        for note, state in numbered.items():
            if state.get("number") == source:
                return note
        fix = "Name a loan note of the firm (number or LoanNote-…), the id of a payment, or a day (YYYY-MM-DD)."
        raise NotFoundError(f"from: '{source[:60]}' is no loan note of the firm on {self._when.valid}.", fix, "from")

    def _drawn(self, notes: list[str]) -> pl.DataFrame:
        return self._around.during(notes, "DISBURSES", "out", Window(START_OF_TIME, self._when, _MOST_PAYMENTS))

    def _accounts(self) -> list[str]:
        owned = self._reader.expand([self._firm], Hop(("OWNS_ACCOUNT",), self._when, ("out",), _MOST_NOTES))
        return [self._firm, *owned["other"].to_pylist()]

    def _payment(self, rel: str) -> pl.DataFrame:
        for kind, amount in payment_types(self._reader.ontology).items():
            told = self._reader.relation(rel, kind, self._when)
            if told:
                ends = {told["src"], told["dst"]} & {*self._accounts(), *self._notes()}
                if not ends:
                    raise NotFoundError(
                        f"from: the payment {rel} is not one of the firm.", "Ask for the firm that paid or was paid.", "from"
                    )
                told["amount_fen"] = told[amount]
                row = {"rel": rel, "type": kind, **{name: told.get(name) for name in MOVES.names() if name not in {"rel", "type"}}}
                self._check(row["amount_fen"], rel)
                return pl.DataFrame([row], MOVES)
        raise NotFoundError(f"from: no payment {rel} is known on {self._when.valid}.", "Use the id of a transfer.", "from")

    def _of_day(self, text: str) -> pl.DataFrame:
        try:
            day = iso_day(text)
        except ValueError as problem:
            raise InputError(f"from: {problem} (got '{text}').", "Write the day as YYYY-MM-DD.", "from") from None
        if day > self._when.valid:
            raise InputError(f"from: {day} is after {self._when.valid}.", "Ask for that day or an earlier one.", "from")
        found = self._moved_on(day, self._query.direction)
        on_day = [day_of(us, self._query.time_zone) == day for us in found["at"]]
        found = found.filter(pl.Series(on_day, dtype=pl.Boolean)).filter(pl.col("amount_fen") > 0).unique("rel")
        said = "came to" if self._query.direction == "forward" else "left"
        found = found.sort("amount_fen", "rel", descending=[True, False]).head(MOST_STARTS)
        return _some(found, f"No payment {said} the firm on {day}.", "Choose another day, or name a payment.", "from")

    def _moved_on(self, day: date, direction: Direction) -> pl.DataFrame:
        """Forward: what the firm was paid, and what its notes paid to others for it. Backward: what it paid."""
        window = Window(
            day - timedelta(days=1), Moment(min(day + timedelta(days=1), self._when.valid), self._when.known), _MOST_PAYMENTS
        )
        way = "in" if direction == "forward" else "out"
        pockets = self._accounts()
        found = [self._around.during(pockets, kind, way, window) for kind in payment_types(self._reader.ontology)]
        if direction == "forward":
            found.append(self._around.during(self._notes(), "DISBURSES", "out", window))
        return pl.concat(found)

    def _check(self, amount: Any, rel: str) -> None:
        if amount is None or amount <= 0:
            raise InputError(
                f"from: the payment {rel} has no amount above zero.", "A reversal is not traced; name another.", "from"
            )


def _some(found: pl.DataFrame, message: str, fix: str, name: str) -> pl.DataFrame:
    if not found.height:
        raise NotFoundError(message, fix, name)
    return found
