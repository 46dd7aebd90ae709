"""Cleaning and reading of text columns, a whole column at a time.

Every reader looks at the text as it stands first; only what it cannot read is tidied (full-width forms, odd blanks,
thousands separators) and looked at again. So clean files pay nothing, and what was tidied is known row by row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from graph.ontology import Kind
from ingest.manifest import Unit
from ingest.reasons import Reason

_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FULL_WIDTH_WORDS = {wide: plain for wide, plain in _FULL_WIDTH.items() if plain.isalnum()}
_BLANKS = {
    chr(code): " " for code in (0x9, 0xA, 0xB, 0xC, 0xD, 0x85, 0xA0, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
}
_UNSEEN = {chr(code): "" for code in (*range(0x0, 0x9), *range(0xE, 0x20), 0x7F, *range(0x200B, 0x2010), 0x2060, 0xFEFF)}
_ODD = (
    r"^ | $|  |[\x00-\x1f\x7f\x{85}\x{a0}\x{2000}-\x{200f}\x{2028}\x{2029}\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}]"
    r"|[\x{ff01}-\x{ff5e}]"
)
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"

FLAGS = {
    **dict.fromkeys(("是", "有", "Y", "y", "YES", "Yes", "yes", "T", "TRUE", "True", "true", "1"), True),
    **dict.fromkeys(("否", "无", "N", "n", "NO", "No", "no", "F", "FALSE", "False", "false", "0"), False),
}
DECIMALS = 12
"""Digits behind the point that an amount is read to; float noise lies beyond."""
LARGEST_AMOUNT = 10**17
"""In minor units: a thousand million million yuan, more than any economy."""
_LARGEST_WHOLE = 10**17
MAJOR_UNITS = {
    Unit.ONE: 1,
    Unit.YUAN: 1,
    Unit.THOUSAND_YUAN: 10**3,
    Unit.TEN_THOUSAND_YUAN: 10**4,
    Unit.MILLION_YUAN: 10**6,
    Unit.HUNDRED_MILLION_YUAN: 10**8,
}
NUMBER_UNITS = {Unit.ONE: 1.0, Unit.PERCENT: 0.01, Unit.PER_MILLE: 0.001}
MONEY_UNITS = frozenset({Unit.FEN, *MAJOR_UNITS} - {Unit.ONE})


@dataclass(frozen=True)
class Column:
    """A column that was read: `values` (null where empty or unreadable), what is wrong where, and which cells were tidied."""

    values: pl.Series
    problems: tuple[tuple[pl.Series, Reason], ...] = ()
    tidied: pl.Series | None = None


def tidy_code(text: pl.Series) -> pl.Series:
    """Keys, codes, numbers, dates: full-width forms made plain, odd blanks and unseen characters out, no outer blanks."""
    return _tidied(text, _FULL_WIDTH, collapse=False)


def tidy_text(text: pl.Series) -> pl.Series:
    """Names and other prose: the same, but full-width punctuation stays and inner blanks become one."""
    return _tidied(text, _FULL_WIDTH_WORDS, collapse=True)


def _tidied(text: pl.Series, wide: Mapping[str, str], *, collapse: bool) -> pl.Series:
    odd = text.str.contains(_ODD).arg_true()
    if odd.is_empty():
        return text
    part = text.gather(odd).str.replace_many({**wide, **_BLANKS, **_UNSEEN})
    part = part.str.replace_all(" +", " ") if collapse else part
    return text.clone().scatter(odd, part.str.strip_chars(" "))


def read_column(text: pl.Series, read: Callable[[pl.Series], pl.Series], reason: Reason, *, numeric: bool = False) -> Column:
    """`read` gives values or nulls. What it cannot read is tidied and read again; what then is neither read nor empty is bad."""
    values = read(text)
    doubtful = (values.is_null() & (text != "")).arg_true()
    if doubtful.is_empty():
        return Column(values)
    plain = tidy_code(text.gather(doubtful))
    plain = without_thousands(plain) if numeric else plain
    again = read(plain)
    unread = again.is_null() & (plain != "")
    values = values.scatter(doubtful, again)
    return also(Column(values, (), _at(doubtful, ~unread, len(text))), _at(doubtful, unread, len(text)), reason)


def without_thousands(text: pl.Series) -> pl.Series:
    """`1,234.56` as `1234.56`; commas that stand otherwise are left, and so refused."""
    where = text.str.contains(_THOUSANDS)
    return text.zip_with(~where, text.str.replace_all(",", "", literal=True)) if where.any() else text


def read_text(text: pl.Series) -> Column:
    """Prose, tidied; empty is null."""
    return _as_column(text, tidy_text(text))


def read_code(text: pl.Series) -> Column:
    """A code in capitals, tidied; empty is null."""
    return _as_column(text, tidy_code(text).str.to_uppercase())


def _as_column(text: pl.Series, plain: pl.Series) -> Column:
    changed = plain != text
    return Column(null_if_empty(plain), tidied=changed if changed.any() else None)


def read_mapped(text: pl.Series, values: Mapping[str, str]) -> Column:
    """One of the listed values; anything else is bad."""
    return read_column(text, lambda t: _looked_up(t, values, pl.String), Reason.UNKNOWN_VALUE)


def read_flag(text: pl.Series, values: Mapping[str, str]) -> Column:
    """Yes or no, in the usual words or in those listed."""
    known = {told: FLAGS[meant] for told, meant in values.items() if meant in FLAGS} if values else FLAGS
    return read_column(text, lambda t: _looked_up(t, known, pl.Boolean), Reason.UNKNOWN_VALUE)


def _looked_up(text: pl.Series, values: Mapping[str, object], kind: type[pl.DataType]) -> pl.Series:
    return text.replace_strict(list(values), list(values.values()), default=None, return_dtype=kind)


def read_number(text: pl.Series, unit: Unit) -> Column:
    """A finite number as float64, times its unit; a `%` behind it is allowed where the unit says so."""
    sign = unit.value if unit in (Unit.PERCENT, Unit.PER_MILLE) else ""
    column = read_column(text, lambda t: _finite(_without_sign(t, sign)), Reason.NOT_A_NUMBER, numeric=True)
    factor = NUMBER_UNITS[unit]
    return column if factor == 1.0 else Column(column.values / (1 / factor), column.problems, column.tidied)


def _without_sign(text: pl.Series, sign: str) -> pl.Series:
    if not sign or not text.str.contains(sign, literal=True).any():
        return text
    return text.str.replace(rf"\s*{sign}\s*$", "")


def _finite(text: pl.Series) -> pl.Series:
    values = text.cast(pl.Float64, strict=False)
    return values.set(~values.is_finite().fill_null(True), None)


def read_share(text: pl.Series, unit: Unit) -> Column:
    """A share, 0 to 1; problems where it lies outside."""
    column = read_number(text, unit)
    outside = ((column.values < 0) | (column.values > 1)).fill_null(False)
    return also(column, outside, Reason.SHARE_RANGE)


def read_integer(text: pl.Series) -> Column:
    """A whole number as int64."""
    column = read_column(text, _scaled, Reason.NOT_A_NUMBER, numeric=True)
    return _whole(column, 10**DECIMALS, _LARGEST_WHOLE, rounded=False)


def read_money(text: pl.Series, unit: Unit, decimals: int | pl.Series, *, rounded: bool) -> Column:
    """An amount as int64 minor units, exactly: no float on the way. `decimals` is the currency's (CNY: 2)."""
    column = read_column(text, _scaled, Reason.NOT_A_NUMBER, numeric=True)
    if unit is Unit.FEN:
        return _whole(column, 10**DECIMALS, LARGEST_AMOUNT, rounded=rounded)
    major = MAJOR_UNITS[unit]
    if isinstance(decimals, int):
        return _whole(_times(column, major), 10 ** (DECIMALS - decimals), LARGEST_AMOUNT, rounded=rounded)
    divisor = decimals.replace_strict({n: 10 ** (DECIMALS - n) for n in range(DECIMALS + 1)}, return_dtype=pl.Int128)
    return _whole(_times(column, major), divisor, LARGEST_AMOUNT, rounded=rounded)


def _scaled(text: pl.Series) -> pl.Series:
    """A decimal number times 10^12 as int128."""
    return text.str.to_decimal(scale=DECIMALS).to_physical()


def _times(column: Column, factor: int) -> Column:
    limit = LARGEST_AMOUNT * 10**DECIMALS  # beyond it, the product might not fit; it is absurd anyway
    within = pl.col("v").clip(pl.lit(-limit, pl.Int128), pl.lit(limit, pl.Int128)) * pl.lit(factor, pl.Int128)
    return Column(column.values.alias("v").to_frame().select(within).to_series(), column.problems, column.tidied)


def _whole(column: Column, divisor: int | pl.Series, largest: int, *, rounded: bool) -> Column:
    by = pl.lit(divisor, pl.Int128) if isinstance(divisor, int) else pl.lit(divisor)
    value, half = pl.col("v"), by // pl.lit(2, pl.Int128)
    floor, rest = value // by, value % by
    up = (rest > half) | ((rest == half) & (floor % pl.lit(2, pl.Int128) != pl.lit(0, pl.Int128)))
    whole = floor + up.cast(pl.Int128) if rounded else floor
    size = pl.lit(largest, pl.Int128)
    read = (
        column.values.alias("v")
        .to_frame()
        .select(
            whole=whole.clip(-size, size).cast(pl.Int64),
            broken=(rest != pl.lit(0, pl.Int128)).fill_null(False),
            absurd=((whole > size) | (whole < -size)).fill_null(False),
        )
    )
    done = Column(read["whole"], column.problems, column.tidied)
    done = done if rounded else also(done, read["broken"] & ~read["absurd"], Reason.NOT_WHOLE)
    return also(done, read["absurd"], Reason.AMOUNT_SIZE)


def also(column: Column, where: pl.Series, reason: Reason) -> Column:
    """The column with one more problem, if there is any row at `where`."""
    return Column(column.values, (*column.problems, (where, reason)), column.tidied) if where.any() else column


def null_if_empty(text: pl.Series) -> pl.Series:
    """Empty text is no value."""
    empty = text == ""
    return text.set(empty, None) if empty.any() else text


def _at(places: pl.Series, chosen: pl.Series, length: int) -> pl.Series:
    marks = pl.repeat(False, length, dtype=pl.Boolean, eager=True)
    return marks.scatter(places.filter(chosen), True)


def default_unit(kind: Kind, money: Unit, share: Unit) -> Unit:
    """The unit of a value that names none."""
    return {Kind.MONEY: money, Kind.SHARE: share}.get(kind, Unit.ONE)
