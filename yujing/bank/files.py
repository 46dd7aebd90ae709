"""A source file as a frame of strings, and how days, amounts and shares are written in it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from yujing.bank.plan import BankPlan, Bools, Days, Floats, Ints, Texts

Form = Literal["gb18030", "utf-8-sig", "utf-8"]


@dataclass(frozen=True)
class SourceTable:
    """One file, or one sheet of a workbook; the path's ending says which kind. Parquet frames keep their types."""

    path: str
    frame: pl.DataFrame
    encoding: Form = "utf-8"
    sheet: str = ""

    @property
    def place(self) -> str:
        return f"{self.path}#{self.sheet}" if self.sheet else self.path


DAY_ISO, DAY_COMPACT, DAY_SLASH, DAY_CHINESE = "%Y-%m-%d", "%Y%m%d", "%Y/%-m/%-d", "%Y年%-m月%-d日"


def day_text(days: Days, form: str = DAY_ISO) -> pl.Series:
    """Days in a written form; NaT is null."""
    return pl.Series(days.astype("datetime64[D]")).dt.strftime(form)


def stamp_text(rng: np.random.Generator, days: Days, form: str = "%Y-%m-%d %H:%M:%S") -> pl.Series:
    """An instant in office hours of each day, as the system that recorded the row wrote it."""
    seconds = rng.integers(8 * 3600 + 1800, 18 * 3600, len(days)).astype("timedelta64[s]")
    return instant_text(days.astype("datetime64[s]") + seconds, form)


def night_text(days: Days, form: str = "%Y-%m-%d %H:%M:%S") -> pl.Series:
    """Half past eleven at night of each day, when a bank's batches have run."""
    return instant_text(days.astype("datetime64[s]") + np.full(len(days), 23 * 3600 + 1800).astype("timedelta64[s]"), form)


def instant_text(instants: Days, form: str = "%Y-%m-%d %H:%M:%S") -> pl.Series:
    """Local instants to the second, written."""
    return pl.Series(instants.astype("datetime64[ms]")).dt.strftime(form)


def text_where(told: Bools, texts: Texts) -> pl.Series:
    """The texts where they are told, null elsewhere."""
    return pl.Series([text if known else None for known, text in zip(told, texts, strict=True)], dtype=pl.String)


def yuan_text(fen: Ints) -> pl.Series:
    """Fen as 元 with two decimals, exactly."""
    return _scaled(fen, 2)


def wan_text(fen: Ints) -> pl.Series:
    """Fen as 万元, exactly, without trailing zeros."""
    return _scaled(fen, 6).str.strip_chars_end("0").str.strip_chars_end(".")


def _scaled(fen: Ints, digits: int) -> pl.Series:
    whole, part = np.divmod(np.abs(fen).astype(np.int64), 10**digits)
    text = pl.Series(whole).cast(pl.String) + "." + pl.Series(part).cast(pl.String).str.zfill(digits)
    return pl.select(pl.when(pl.Series(fen < 0)).then(pl.lit("-") + text).otherwise(text)).to_series()


def percent_text(share: Floats) -> pl.Series:
    """A share of 1 as percent with two decimals."""
    return _scaled(np.round(share * 10_000).astype(np.int64), 2)


def number_text(values: Floats, digits: int = 2) -> pl.Series:
    """Numbers with so many decimals."""
    return _scaled(np.round(values * 10**digits).astype(np.int64), digits)


def known_by_today(plan: BankPlan, frame: pl.DataFrame, recorded: Days) -> pl.DataFrame:
    """The rows that the bank had recorded by its today; the others it cannot hand over yet."""
    return frame.filter(pl.Series(recorded <= np.datetime64(plan.today)))
