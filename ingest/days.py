"""Days and instants out of text, in the forms that a manifest declares; each distinct text is read once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from graph.clock import OPEN_END
from ingest.clean import Column, also, read_column
from ingest.manifest import DateForm
from ingest.reasons import Reason

FIRST_YEAR, LAST_YEAR = 1900, 2199
_EXCEL_ZERO = date(1899, 12, 30)  # right from 1 March 1900 on: before it Excel counts a day that never was
_MOMENT = pl.Datetime("us")


@dataclass(frozen=True)
class _Form:
    shape: str
    read: Callable[[pl.Expr], pl.Expr]


def _written(shape: str, form: str, suffix: str = "", suffix_form: str = "") -> _Form:
    def read(text: pl.Expr) -> pl.Expr:
        whole = text + pl.lit(suffix) if suffix else text
        return whole.str.to_datetime(form + suffix_form, time_unit="us", strict=False)

    return _Form(f"^{shape}$", read)


def _day(shape: str, form: str) -> _Form:
    return _written(shape, form, " 00:00:00", " %H:%M:%S")


def _month(shape: str, form: str) -> _Form:
    return _written(shape, form, " 01 00:00:00", " %d %H:%M:%S")


_EXCEL = _Form(
    r"^\d{2,7}(\.\d+)?$",
    lambda text: (
        pl.lit(_EXCEL_ZERO).cast(_MOMENT)
        + pl.duration(seconds=(text.cast(pl.Float64, strict=False).clip(0, 2_958_465.99) * 86_400).round())
    ),
)
_TIME = r"\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,9})?"


def _forms(time_zone: str) -> dict[DateForm, _Form]:
    def epoch(per_second: int) -> _Form:
        def read(text: pl.Expr) -> pl.Expr:
            micros = text.cast(pl.Int64, strict=False).clip(-(10**14), 10**14) * (1_000_000 // per_second)
            return (
                pl.from_epoch(micros, "us").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
            )

        return _Form(r"^-?\d{1,14}$", read)

    return {
        DateForm.ISO: _day(r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d"),
        DateForm.SLASH: _day(r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
        DateForm.DOT: _day(r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
        DateForm.COMPACT: _day(r"\d{8}", "%Y%m%d"),
        DateForm.CHINESE: _day(r"\d{4}年\d{1,2}月\d{1,2}日", "%Y年%m月%d日"),
        DateForm.ISO_MONTH: _month(r"\d{4}-\d{1,2}", "%Y-%m"),
        DateForm.SLASH_MONTH: _month(r"\d{4}/\d{1,2}", "%Y/%m"),
        DateForm.COMPACT_MONTH: _month(r"\d{6}", "%Y%m"),
        DateForm.CHINESE_MONTH: _month(r"\d{4}年\d{1,2}月", "%Y年%m月"),
        DateForm.ISO_TIME: _written(rf"\d{{4}}-\d{{1,2}}-\d{{1,2}} {_TIME}", "%Y-%m-%d %H:%M:%S%.f"),
        DateForm.ISO_T_TIME: _written(rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}T{_TIME}", "%Y-%m-%dT%H:%M:%S%.f"),
        DateForm.SLASH_TIME: _written(rf"\d{{4}}/\d{{1,2}}/\d{{1,2}} {_TIME}", "%Y/%m/%d %H:%M:%S%.f"),
        DateForm.SLASH_MINUTE: _written(r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{1,2}", "%Y/%m/%d %H:%M", ":00", ":%S"),
        DateForm.COMPACT_TIME: _written(r"\d{14}", "%Y%m%d%H%M%S"),
        DateForm.EXCEL: _EXCEL,
        DateForm.EPOCH_S: epoch(1),
        DateForm.EPOCH_MS: epoch(1000),
    }


def read_days(text: pl.Series, forms: Sequence[DateForm], time_zone: str) -> Column:
    """Days where the bank is."""
    return _on_distinct(text, lambda distinct: _days(distinct, forms, time_zone))


def read_instants(text: pl.Series, forms: Sequence[DateForm], time_zone: str) -> Column:
    """UTC microseconds; text without a zone is the bank's time, a day its first microsecond."""
    return _on_distinct(text, lambda distinct: _instants(distinct, forms, time_zone))


def _days(text: pl.Series, forms: Sequence[DateForm], time_zone: str) -> Column:
    column = _moments(text, forms, time_zone)
    return Column(column.values.dt.date(), column.problems, column.tidied)


def _instants(text: pl.Series, forms: Sequence[DateForm], time_zone: str) -> Column:
    column = _moments(text, forms, time_zone)
    aware = column.values.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    return Column(aware.dt.epoch("us"), column.problems, column.tidied)


def _moments(text: pl.Series, forms: Sequence[DateForm], time_zone: str) -> Column:
    """Local moments; an absurd year is a problem, but for the open end 9999-12-31."""
    known = _forms(time_zone)
    chosen = [known[form] for form in forms]
    column = read_column(text, lambda t: _first_that_fits(t, chosen), Reason.NOT_A_DATE)
    year = column.values.dt.year()
    absurd = ((year < FIRST_YEAR) | (year > LAST_YEAR)).fill_null(False)
    if absurd.any():
        absurd &= (column.values.dt.date() != OPEN_END).fill_null(False)
    return also(column, absurd, Reason.DATE_RANGE)


def _first_that_fits(text: pl.Series, forms: Sequence[_Form]) -> pl.Series:
    word = pl.col("text")
    tried = [pl.when(word.str.contains(form.shape)).then(form.read(word)) for form in forms]
    return text.alias("text").to_frame().select(pl.coalesce(tried).cast(_MOMENT)).to_series()


def _on_distinct(text: pl.Series, read: Callable[[pl.Series], Column]) -> Column:
    """Reads each distinct text once."""
    codes, distinct = encode(text)
    column = read(distinct)
    problems = tuple((where.gather(codes), reason) for where, reason in column.problems)
    return Column(column.values.gather(codes), problems, None if column.tidied is None else column.tidied.gather(codes))


def encode(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """A column as places in the list of its distinct values, and that list."""
    coded = text.cast(pl.Categorical(pl.Categories.random()))
    distinct = coded.unique()
    order = distinct.to_physical().arg_sort()
    return coded.to_physical(), distinct.gather(order).cast(pl.String)
