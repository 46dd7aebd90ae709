"""What the values of one column look like: shares of its filled cells that read as a number, a day, a code, a flag …"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import polars as pl
import stdnum.cn.uscc
import stdnum.iso7064.mod_11_2
import stdnum.lei

from graph.currencies import CODES
from ingest.clean import FLAGS
from ingest.days import read_days
from ingest.manifest import DateForm
from ingest.propose.words import Header, read_header

_DISTINCT = 400
_FIRST = 25
_NUMBER = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?([eE][+-]?\d+)?$"
_TIMED = (
    DateForm.ISO_TIME,
    DateForm.ISO_T_TIME,
    DateForm.SLASH_TIME,
    DateForm.SLASH_MINUTE,
    DateForm.COMPACT_TIME,
    DateForm.EPOCH_S,
    DateForm.EPOCH_MS,
)
_UNSURE = (DateForm.EXCEL, DateForm.EPOCH_S, DateForm.EPOCH_MS)
_PHONE = re.compile(r"(\+?86[- ]?)?1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8}|\d{3}-\d{4}")
_SURE = 0.97


@dataclass(frozen=True, eq=False)
class Profile:
    """One column. `values` are its filled cells; `distinct` up to some hundred of its distinct ones;
    `scores` what it was found to score."""

    header: Header
    values: pl.Series
    height: int
    distinct: tuple[str, ...]
    distinct_count: int
    scores: dict[object, tuple[float, str]] = field(default_factory=dict, repr=False)

    @cached_property
    def filled(self) -> float:
        return len(self.values) / self.height if self.height else 0.0

    @cached_property
    def unique(self) -> float:
        """Distinct cells for each filled one."""
        return self.distinct_count / len(self.values) if len(self.values) else 0.0

    @cached_property
    def numeric(self) -> float:
        return float((self._plain.str.contains(_NUMBER)).mean() or 0.0) if len(self.values) else 0.0  # type: ignore[arg-type]

    @cached_property
    def numbers(self) -> pl.Series:
        return self._plain.str.replace_all(",", "").cast(pl.Float64, strict=False).drop_nulls()

    @cached_property
    def whole(self) -> bool:
        """Every number is one without decimals as written."""
        return bool(len(self.values)) and not self._plain.str.contains(r"\.").any()

    @cached_property
    def percent(self) -> bool:
        """The cells themselves carry %."""
        return bool(len(self.values)) and float(self.values.str.ends_with("%").mean() or 0.0) > 0.9  # type: ignore[arg-type]

    @cached_property
    def dates(self) -> tuple[DateForm, ...]:
        """Forms that together read nearly every cell; a form on its own if one does."""
        if not self.distinct:
            return ()
        few = self.distinct[:_FIRST]
        forms = [f for f in DateForm if f not in _UNSURE and _read_as(few, (f,)) > 0] if any(map(_has_digit, few)) else []
        tried = {form: share for form in forms if (share := _read_as(self.distinct, (form,))) > 0.02}
        for form, share in sorted(tried.items(), key=lambda each: -each[1]):
            if share >= _SURE:
                return (form,)
        some = tuple(tried)
        return some if some and _read_as(self.distinct, some) >= _SURE else self._numbered_days()

    @cached_property
    def timed(self) -> bool:
        """The days carry a time."""
        return any(form in _TIMED for form in self.dates)

    @cached_property
    def flags(self) -> float:
        words = {word.lower() for word in FLAGS}
        return self._share(lambda text: text.lower() in words) if self.distinct_count <= 4 else 0.0

    @cached_property
    def uscc(self) -> float:
        return self._share(lambda text: len(text) == 18 and stdnum.cn.uscc.is_valid(text))

    @cached_property
    def lei(self) -> float:
        return self._share(lambda text: len(text) == 20 and stdnum.lei.is_valid(text))

    @cached_property
    def identity(self) -> float:
        """Chinese identity numbers: 18 characters, a day inside, check digit by ISO 7064 MOD 11-2 (GB 11643)."""
        return self._share(_is_identity)

    @cached_property
    def phone(self) -> float:
        return self._share(lambda text: bool(_PHONE.fullmatch(text)))

    @cached_property
    def currency(self) -> float:
        return self._share(lambda text: text.upper() in CODES)

    @cached_property
    def code_like(self) -> float:
        """Cells that might name a thing: no blanks, no Chinese prose, no decimals."""
        return self._share(
            lambda text: bool(re.fullmatch(r"[A-Za-z0-9_\-./#]{1,40}", text)) and not re.fullmatch(r"-?\d+\.\d+", text)
        )

    @cached_property
    def counting(self) -> bool:
        """Whole numbers one after the other: a row counter."""
        if self.numeric < 1 or not self.whole or len(self.numbers) < 3:
            return False
        return bool((self.numbers[:1000].diff().drop_nulls() == 1).all())

    @cached_property
    def shape(self) -> str:
        """The form most cells share: letters kept, each run of digits as its length."""
        shapes = [re.sub(r"\d+", lambda run: f"<{len(run[0])}>", text) for text in self.distinct[:200]]
        best = max(set(shapes), key=shapes.count, default="")
        return best if shapes and shapes.count(best) >= 0.6 * len(shapes) else ""

    @cached_property
    def _plain(self) -> pl.Series:
        return self.values.str.strip_chars_end("%").str.strip_chars()

    def _share(self, test: Callable[[str], bool]) -> float:
        return sum(map(test, self.distinct)) / len(self.distinct) if self.distinct else 0.0

    def _numbered_days(self) -> tuple[DateForm, ...]:
        """Days as numbers, where their size allows nothing else and the header speaks of a day."""
        if self.numeric < _SURE or not self.whole or not len(self.numbers):
            return ()
        low, high = float(self.numbers.min() or 0), float(self.numbers.max() or 0)  # type: ignore[arg-type]
        if low > 6e11 and high < 4e12:
            return (DateForm.EPOCH_MS,)
        spoken = bool({"date", "day", "time", "created"} & set(self.header.words)) or self.header.plain.endswith(
            ("日", "日期", "时间")
        )
        if spoken and low > 6e8 and high < 4e9:
            return (DateForm.EPOCH_S,)
        return (DateForm.EXCEL,) if spoken and low > 18_000 and high < 80_000 else ()


def _read_as(distinct: tuple[str, ...], forms: tuple[DateForm, ...]) -> float:
    """The share of texts that some of the forms reads as a day of a sensible year."""
    text = pl.Series(distinct)
    column = read_days(text, forms, "Asia/Shanghai")
    bad = sum(int(where.sum()) for where, _ in column.problems)
    return max(0.0, 1 - bad / len(text))


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _is_identity(text: str) -> bool:
    if not re.fullmatch(r"\d{17}[\dXx]", text):
        return False
    try:
        born = datetime.strptime(text[6:14], "%Y%m%d").date()
    except ValueError:
        return False
    return date(1900, 1, 1) <= born <= date(2100, 1, 1) and stdnum.iso7064.mod_11_2.is_valid(text.upper())


def profile_columns(frame: pl.DataFrame) -> dict[str, Profile]:
    """Every column of a sample."""
    found = {}
    for name in frame.columns:
        values = frame[name].filter(frame[name] != "")
        distinct = values.unique(maintain_order=True)
        found[name] = Profile(read_header(name), values, frame.height, _spread(distinct), len(distinct))
    return found


def _spread(distinct: pl.Series) -> tuple[str, ...]:
    step = max(1, len(distinct) // _DISTINCT)
    return tuple(distinct.gather_every(step).to_list()[:_DISTINCT])
