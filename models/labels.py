"""Who defaulted after the day: read from a later snapshot, never by what computes features.

A firm defaults when a loan note is 90 days past due, classed substandard or worse, or written off, when a default event is
recorded, or when it is bankrupt (商业银行金融资产风险分类办法, 2023, articles 10 to 12).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.snapshot import Snapshot
from models.features import FeatureTable
from models.workspace import Workspace

_DEFAULT_DAYS = """
    WITH failing AS (
        SELECT subject AS note, valid_from AS day FROM LoanNoteState_history
        WHERE days_past_due >= 90 OR five_tier IN ('substandard', 'doubtful', 'loss') OR written_off
    )
    SELECT b.src AS firm, f.day FROM failing f JOIN BORROWS_history b ON b.dst = f.note
    UNION SELECT subject, valid_from FROM DefaultEvent WHERE subject_type = 'Firm'
    UNION SELECT id, valid_from FROM Firm WHERE status = 'bankrupt'
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Defaults:
    """`days`: firm, day on which a default state began or an event fell. Nothing is known after `known_until`."""

    days: pa.Table
    known_until: date


def read_defaults(later: Snapshot) -> Defaults:
    """Every default that began by the later snapshot's day, as known then."""
    work = Workspace(later)
    try:
        return Defaults(work.query(_DEFAULT_DAYS), later.as_of)
    finally:
        work.close()


def label(features: FeatureTable, defaults: Defaults, horizon_days: int) -> NDArray[np.float64]:
    """1 defaults within (as_of, as_of + horizon], 0 does not, NaN not a target: [firms].

    Targets are firms that the bank knows itself, that owe it, and that perform on the day. Where the window is still open on
    the last day known, every firm is NaN: a firm whose time is not up is not a good one.
    """
    standing = features.standing
    target = np.logical_and.reduce([standing[c].to_numpy() for c in ("known", "has_credit", "performing")])
    closes = features.as_of + timedelta(days=horizon_days)
    if closes > defaults.known_until:
        return np.full(len(target), np.nan)
    day = defaults.days["day"].to_numpy()
    within = (day > np.datetime64(features.as_of)) & (day <= np.datetime64(closes))
    failed = np.isin(features.firms.to_numpy(zero_copy_only=False), defaults.days["firm"].to_numpy()[within])
    return np.where(target, failed.astype(np.float64), np.nan)
