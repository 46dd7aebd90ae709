"""Loan notes that fall due, about so many days ahead, with their own features and their borrowers'."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.snapshot import Snapshot
from models.features import FeatureTable, note_features
from models.features.spec import base_sql, note_version
from models.targets import Target, in_state
from models.workspace import Workspace

AHEAD = 30  # notes that fall due in the last so many days of the horizon: a monthly run sees each once

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DueNotes:
    """A row a note, of performing firms only. `values`: [notes, firm features + note features], NaN missing."""

    as_of: date
    notes: pa.Array
    firms: pa.Array
    due_on: NDArray[np.datetime64]
    values: Array
    names: tuple[str, ...]
    version: str

    def __len__(self) -> int:
        return len(self.notes)


def due_notes(snapshot: Snapshot, features: FeatureTable, target: Target, horizon_days: int) -> DueNotes:
    """Notes with a balance that fall due within (as_of + horizon - 30, as_of + horizon], as the day knows them."""
    told = note_features()
    work = Workspace(snapshot)
    try:
        day = features.as_of
        first, last = (day + timedelta(days=d) for d in (horizon_days - AHEAD, horizon_days))
        window = f"due_on > DATE '{first.isoformat()}' AND due_on <= DATE '{last.isoformat()}'"
        work.keep("_due", f"SELECT :as_of AS day, note, firm, due_on FROM ({target.due}) WHERE {window}")
        for base in ("indicator", "statement"):
            work.keep(f"_{base}", base_sql(base))
        work.keep("_note", base_sql("note"))
        picked = ", ".join(f'({f.sql})::DOUBLE AS "{f.name}"' for f in told)
        own = f"(SELECT note, {picked} FROM _note)"
        rows = work.query(f"SELECT d.firm, d.due_on, n.* FROM _due d JOIN {own} n ON n.note = d.note ORDER BY n.note")
    finally:
        work.close()
    known = features.standing["known"].combine_chunks()
    at = pc.index_in(rows["firm"], value_set=features.firms.filter(known))
    stands = pc.and_(pc.is_valid(at), pc.invert(pc.is_in(rows["firm"], value_set=in_state(snapshot, target))))
    rows = rows.filter(stands)
    about = np.column_stack([rows[f.name].to_numpy() for f in told]).astype(np.float64)
    about[~np.isfinite(about)] = np.nan
    place = np.asarray(pc.index_in(rows["firm"], value_set=features.firms), np.int64)
    values = np.hstack([features.values[place], about])
    names = (*features.names, *(f.name for f in told))
    note, firm = (rows[c].combine_chunks() for c in ("note", "firm"))
    return DueNotes(features.as_of, note, firm, rows["due_on"].to_numpy(), values, names, f"{features.version}-{note_version()}")


def as_rows(days: Sequence[DueNotes]) -> pa.Table:
    """day, note, firm, due_on of all days, as `_due` has them."""
    parts = [
        pa.table({"day": pa.array([d.as_of] * len(d), pa.date32()), "note": d.notes, "firm": d.firms, "due_on": pa.array(d.due_on)})
        for d in days
    ]
    return pa.concat_tables(parts).set_column(3, "due_on", pc.cast(pa.concat_tables(parts)["due_on"], pa.date32()))
