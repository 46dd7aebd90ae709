"""Single values of a chunk: fields read by kind, conditions, keys. Every value that is wrong becomes a problem with its place."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import polars as pl
import stdnum.cn.uscc
import stdnum.lei

from graph.currencies import CODES, DECIMALS, SPOKEN
from graph.ids import SEPARATOR
from graph.ontology import Kind
from ingest.clean import (
    Column,
    also,
    null_if_empty,
    read_code,
    read_column,
    read_flag,
    read_integer,
    read_mapped,
    read_money,
    read_number,
    read_share,
    read_text,
    tidy_code,
)
from ingest.days import encode, read_days, read_instants
from ingest.manifest import Condition, Value
from ingest.plan import Field
from ingest.reasons import Reason
from ingest.tokens import Tokenise

_CLOSED = frozenset({Kind.TEXT, Kind.CHOICE, Kind.FLAG})  # a value map lists all there is; elsewhere it only adds words
_SCHEMES = {"uscc": stdnum.cn.uscc.is_valid, "lei": stdnum.lei.is_valid}


class Cells:
    """The text cells of some rows, and what is read from them. `personal`: the columns that are, and of which kind."""

    def __init__(self, frame: pl.DataFrame, time_zone: str, tokenise: Tokenise, personal: Mapping[str, str]) -> None:
        self.frame = frame
        self._time_zone = time_zone
        self._tokenise = tokenise
        self._personal = personal
        self._codes: dict[str, pl.Series] = {}
        self._whole: tuple[Cells, pl.Series] | None = None

    def only(self, rows: pl.Series) -> "Cells":
        """The cells of some rows."""
        some = Cells(self.frame.filter(rows), self._time_zone, self._tokenise, self._personal)
        some._whole = (self, rows)
        return some

    def code(self, column: str) -> pl.Series:
        """A column as tidied codes, empty where a cell is."""
        if column not in self._codes:
            whole = self._whole
            self._codes[column] = whole[0].code(column).filter(whole[1]) if whole else tidy_code(self.frame[column])
        return self._codes[column]

    def tidied(self) -> Iterator[tuple[str, pl.Series, pl.Series]]:
        """Columns looked at as codes that had to be tidied, where, and what they then read."""
        for column, codes in self._codes.items():
            changed = codes != self.frame[column]
            if changed.any():
                yield column, changed, codes

    def holds(self, conditions: Sequence[Condition]) -> pl.Series:
        """Rows where every condition does."""
        result = pl.repeat(True, self.frame.height, dtype=pl.Boolean, eager=True)
        for condition in conditions:
            result &= self._holds(condition)
        return result

    def _holds(self, condition: Condition) -> pl.Series:
        text = self.code(condition.column)
        match condition:
            case Condition(equals=str(wanted)):
                return text == wanted
            case Condition(not_equals=str(unwanted)):
                return text != unwanted
            case Condition(one_of=tuple(wanted)):
                return text.is_in(list(wanted))
            case Condition(empty=bool(empty)):
                return (text == "") == empty
        below = (text.str.starts_with("-") & (text.str.strip_chars("-+0., ") != "")).fill_null(False)
        return below if condition.negative else ~below

    def read(self, field: Field, decimals: int | pl.Series = 2) -> Column:
        """The values of one field, with everything that is wrong with them."""
        text, unmatched = self._source(field.value)
        column = self._typed(field, text, decimals)
        if unmatched is not None:
            column = also(column, unmatched, Reason.UNKNOWN_VALUE)
        if field.check:
            column = self._checked(column, field.check)
        if field.required:
            empty = text.str.strip_chars() == ""
            column = also(column, empty, Reason.MISSING_VALUE)
        if field.personal:
            column = Column(self._tokenise(column.values, field.name), column.problems, column.tidied)
        return column

    def currency(self, field: Field) -> tuple[Column, int | pl.Series]:
        """The currency of each row, and the decimals of its minor unit."""
        if field.value.constant is not None and field.value.constant in CODES:
            values = pl.repeat(field.value.constant, self.frame.height, dtype=pl.String, eager=True)
            return Column(values), DECIMALS[field.value.constant]
        text, _ = self._source(field.value)
        known = {**SPOKEN, **{code: code for code in CODES}, **field.value.values}
        column = read_column(
            text, lambda t: t.replace_strict(list(known), list(known.values()), default=None), Reason.UNKNOWN_CURRENCY
        )
        column = also(column, column.values.is_null() & (tidy_code(text) == ""), Reason.MISSING_VALUE)
        return column, column.values.replace_strict(DECIMALS, default=2, return_dtype=pl.Int64)

    def key(self, columns: Sequence[str], personal: str) -> tuple[pl.Series, pl.Series]:
        """Key texts joined by the unit separator (a token where personal), and where a part is missing."""
        parts = [self.code(column) for column in columns]
        missing = parts[0] == ""
        for part in parts[1:]:
            missing |= part == ""
        joined = (
            pl.select(pl.concat_str([pl.lit(p) for p in parts], separator=SEPARATOR)).to_series() if len(parts) > 1 else parts[0]
        )
        return self._hidden(joined, personal), missing

    def identity(self, columns: Sequence[str]) -> pl.Series:
        """What an id is hashed from: code texts joined, tokens where personal, as a plain hash of those could be guessed."""
        parts = [self._hidden(self.code(column), self._personal.get(column, "")) for column in columns]
        return pl.select(pl.concat_str([pl.lit(part) for part in parts], separator=SEPARATOR)).to_series()

    def _hidden(self, codes: pl.Series, kind: str) -> pl.Series:
        return self._tokenise(null_if_empty(codes), kind).fill_null("") if kind else codes

    def _source(self, value: Value) -> tuple[pl.Series, pl.Series | None]:
        if value.column:
            return self.frame[value.column], None
        if value.constant is not None:
            return pl.repeat(value.constant, self.frame.height, dtype=pl.String, eager=True), None
        text = pl.repeat("", self.frame.height, dtype=pl.String, eager=True)
        open_rows = ~pl.repeat(False, self.frame.height, dtype=pl.Boolean, eager=True)
        for case in value.cases:
            hit = self.holds(case.when) & open_rows
            text = text.set(hit, case.then)
            open_rows &= ~hit
        return text, open_rows

    def _typed(self, field: Field, text: pl.Series, decimals: int | pl.Series) -> Column:  # noqa: PLR0911
        words = _tidy_words(tuple(field.value.values.items()))
        if words and field.kind not in _CLOSED:
            text = self._reworded(text, words)
        match field.kind:
            case Kind.TEXT if words:
                return read_mapped(text, words)
            case Kind.TEXT:
                return read_code(text) if field.check else read_text(text)
            case Kind.CHOICE:
                return read_mapped(text, words or dict(zip(field.choices, field.choices, strict=True)))
            case Kind.FLAG:
                return read_flag(text, words)
            case Kind.DAY:
                return read_days(text, field.dates, self._time_zone)
            case Kind.INSTANT:
                return read_instants(text, field.dates, self._time_zone)
            case Kind.MONEY:
                return read_money(text, field.unit, decimals, rounded=field.value.round)
            case Kind.SHARE:
                return read_share(text, field.unit)
            case Kind.NUMBER:
                return read_number(text, field.unit)
            case Kind.INTEGER:
                return read_integer(text)

    @staticmethod
    def _reworded(text: pl.Series, words: dict[str, str]) -> pl.Series:
        meant = tidy_code(text).replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.String)
        return pl.select(pl.coalesce(pl.lit(meant), pl.lit(text))).to_series() if meant.is_not_null().any() else text

    @staticmethod
    def _checked(column: Column, scheme: str) -> Column:
        return also(column, wrong_digits(column.values, scheme), Reason.CHECK_DIGIT)


def wrong_digits(codes: pl.Series, scheme: str) -> pl.Series:
    """Where a code is not valid by its own scheme; every distinct code is looked at once."""
    filled = codes.fill_null("")
    places, distinct = encode(filled)
    valid = _SCHEMES[scheme]
    wrong = pl.Series([bool(code) and not valid(code) for code in distinct.to_list()], dtype=pl.Boolean)
    return wrong.gather(places)


@cache
def _tidy_words(words: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """A value map whose texts are tidied as cells are."""
    if not words:
        return {}
    told = tidy_code(pl.Series([text for text, _ in words]))
    return dict(zip(told.to_list(), [meant for _, meant in words], strict=True))
