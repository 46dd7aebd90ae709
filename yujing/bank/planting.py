"""Errors as real files have them, planted at small known rates and counted, so that a test can ask whether ingest found them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from yujing.bank.codes import wrong_check_digit
from yujing.bank.files import SourceTable
from yujing.bank.plan import Ints

Outcome = Literal["quarantined", "duplicate", "cleaned", "accepted"]
_CORRECTED_AFTER_DAYS = 9
_FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")


@dataclass(frozen=True)
class Fault:
    """`kind` of error in `rate` of a file's rows (one at least), in `columns`; see `_KINDS` for what each does."""

    kind: str
    rate: float
    columns: tuple[str, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Planted:
    """What was planted in one file: the lines as an editor counts them (the header is 1), and what ingest should do."""

    file: str
    kind: str
    expect: Outcome
    lines: tuple[int, ...]


@dataclass
class Planter:
    """Plants faults in rows that name none of the `spared` values, one fault a row, and keeps the list."""

    rng_of: Callable[[str], np.random.Generator]  # the stream for each file
    spared: list[str]
    today: date
    planted: list[Planted] = field(default_factory=list)

    def plant(self, table: SourceTable, *faults: Fault) -> SourceTable:
        """`table` with the faults in it; copies of rows go to the end."""
        frame, free = table.frame, self._free_rows(table)
        for fault in faults:
            rows = self._rows_for(fault, table.frame, free)
            free = free[~np.isin(free, rows)]
            kind, changed = _KINDS[fault.kind], _changed(frame[rows.tolist()], fault)
            lines = rows + 2
            if kind.copies:
                lines = np.arange(frame.height, frame.height + len(rows)) + 2
                frame = pl.concat([frame, changed])
            else:
                frame = _scattered(frame, rows.tolist(), changed)
            self.planted.append(Planted(table.place, fault.kind, kind.expect, tuple(lines.tolist())))
        return SourceTable(table.path, frame, table.encoding, table.sheet)

    def _rows_for(self, fault: Fault, frame: pl.DataFrame, free: Ints) -> Ints:
        """Rows for one fault; a correction must still come in by today."""
        count = max(1, round(fault.rate * frame.height))
        if fault.kind == "late_correction":
            latest = str(self.today - timedelta(days=_CORRECTED_AFTER_DAYS + 1))
            early = (frame[fault.columns[1]].str.slice(0, 10) <= latest).to_numpy()
            free = free[early[free]]
        return np.sort(free[:count])

    def _free_rows(self, table: SourceTable) -> Ints:
        frame = table.frame
        texts = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
        named = frame.select(pl.any_horizontal(text.is_in(self.spared).fill_null(False) for text in texts)).to_series()
        return self.rng_of(table.place).permutation(np.flatnonzero(~named.to_numpy()))


@dataclass(frozen=True)
class _Kind:
    expect: Outcome
    change: Callable[[str, Fault], str | None]
    copies: bool = False


def _changed(rows: pl.DataFrame, fault: Fault) -> pl.DataFrame:
    match fault.kind, fault.columns:
        case "self_loop" | "own_shares", (first, second):
            return rows.with_columns(pl.col(first).alias(second))
        case "swapped_days", (first, second):
            return rows.with_columns(pl.col(second).alias(first), pl.col(first).alias(second))
        case "late_correction", (amount, recorded):
            return rows.with_columns(_corrected(amount), _later(recorded))
    change = _KINDS[fault.kind].change
    return rows.with_columns(
        pl.Series(name, [None if v is None else change(v, fault) for v in rows[name].to_list()], dtype=rows.schema[name])
        for name in fault.columns
    )


def _corrected(amount: str) -> pl.Expr:
    return (pl.col(amount).cast(pl.Float64) * 0.97).round(2).cast(pl.String).alias(amount)


def _later(recorded: str) -> pl.Expr:
    form = "%Y-%m-%d %H:%M:%S"
    return pl.col(recorded).str.to_datetime(form).dt.offset_by(f"{_CORRECTED_AFTER_DAYS}d").dt.strftime(form).alias(recorded)


def _scattered(frame: pl.DataFrame, rows: list[int], changed: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        frame[name].clone().scatter(rows, changed[name]) for name in frame.columns if not frame[name][rows].equals(changed[name])
    )


def _separated(text: str) -> str:
    whole, _, part = text.partition(".")
    digits = f"{int(whole):,}"
    return f"{digits}.{part}" if part else digits


_KINDS: dict[str, _Kind] = {
    "wrong_check_digit": _Kind("quarantined", lambda text, _: wrong_check_digit(text)),
    "text_in_number": _Kind("quarantined", lambda _, fault: fault.value or "待核实"),
    "missing_key": _Kind("quarantined", lambda *_: None),
    "unknown_word": _Kind("quarantined", lambda _, fault: fault.value or "其他未定"),
    "impossible_day": _Kind("quarantined", lambda _, fault: fault.value or "0000-00-00"),
    "share_over_one": _Kind("quarantined", lambda text, _: str(round(float(text) * 100, 2) + 101)),
    "self_loop": _Kind("quarantined", lambda text, _: text),
    "own_shares": _Kind("accepted", lambda text, _: text),
    "swapped_days": _Kind("quarantined", lambda text, _: text),
    "conflict": _Kind("quarantined", lambda text, fault: fault.value or f"{float(text) * 1.1 + 1:.2f}", copies=True),
    "exact_copy": _Kind("duplicate", lambda text, _: text, copies=True),
    "full_width": _Kind("cleaned", lambda text, _: text.translate(_FULL_WIDTH)),
    "stray_spaces": _Kind("cleaned", lambda text, _: f" {text}　"),
    "thousand_separators": _Kind("cleaned", lambda text, _: _separated(text)),
    "late_correction": _Kind("accepted", lambda text, _: text, copies=True),
    "share_as_fraction": _Kind("accepted", lambda text, _: f"{float(text) / 100:.4f}"),
    "unknown_end": _Kind("accepted", lambda text, _: f"{text[:2]}X{text[3:]}"),
}
