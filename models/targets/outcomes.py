"""What came of each firm that was scored on a day: an event, none, or nothing that may be counted; with its evidence."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.targets.spells import Spells


class Why(StrEnum):
    """Of each firm, why it is a positive, a negative, or no row."""

    EVENT = "event"  # it entered a state of the target within the horizon
    NONE = "none"  # the horizon closed, and it did not
    OPEN = "open"  # the horizon is not over on the last day known: censored, never good
    ALREADY = "already"  # it stood in a state on the day, as was learnt later
    IN_STATE = "in state"  # it was known to stand in one on the day: not scored
    NO_TARGET = "no target"  # a stub, or it owes the bank nothing


@dataclass(frozen=True)
class Outcomes:
    """One entry a firm. `values`: 1, 0, NaN (no row). `events`: firm, day, limb, evidence of each first event.

    `intervened`: the bank did something about the firm within the horizon (models.targets.interventions).
    """

    as_of: date
    closes: date
    values: NDArray[np.float64]
    why: NDArray[np.object_]
    events: pa.Table
    intervened: NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        """How many firms by `Why`, and how many negatives saw an intervention."""
        found = Counter(str(why) for why in self.why)
        return {**{str(why): found[str(why)] for why in Why}, "intervened": int((self.intervened & (self.values == 0)).sum())}

    def without_interventions(self) -> NDArray[np.float64]:
        """Values, NaN where an intervention may be why nothing came: it must not teach that the alert was wrong."""
        return np.where(self.intervened & (self.values == 0), np.nan, self.values)


@dataclass(frozen=True)
class Asked:
    """Who may be a row on the day: `firms` in order; `target`, known to the bank and owing it; `performing`, as known then."""

    as_of: date
    firms: pa.Array
    target: NDArray[np.bool_]
    performing: NDArray[np.bool_]


def outcomes_of(asked: Asked, spells: Spells, horizon_days: int, intervened: pa.Array | None = None) -> Outcomes:
    """An event is a spell that begins within (as_of, as_of + horizon]. `intervened`: ids of firms, as of the horizon's end."""
    closes = asked.as_of + timedelta(days=horizon_days)
    began, until = (spells.rows[c].to_numpy() for c in ("day", "until"))
    cure = spells.rows["cure_days"].to_numpy().astype("timedelta64[D]")
    opens, ends = np.datetime64(asked.as_of), np.datetime64(closes)
    before = (began <= opens) & ((until > opens) | (until > opens - cure))
    within = (began > opens) & (began <= ends)
    already, failed = (_among(asked.firms, spells.rows["firm"].filter(pa.array(which))) for which in (before, within))
    rules = [
        (~asked.target, Why.NO_TARGET),
        (~asked.performing, Why.IN_STATE),
        (np.full(len(asked.firms), closes > spells.known_until), Why.OPEN),
        (already, Why.ALREADY),
        (failed, Why.EVENT),
    ]
    why = np.select([rule for rule, _ in rules], [word.value for _, word in rules], Why.NONE.value).astype(object)
    values = np.select([why == Why.EVENT, why == Why.NONE], [1.0, 0.0], np.nan)
    events = spells.rows.filter(pa.array(within)).select(["firm", "day", "limb", "evidence"])
    touched = np.zeros(len(asked.firms), bool) if intervened is None else _among(asked.firms, intervened)
    return Outcomes(asked.as_of, closes, values, why, _first(events, asked.firms.filter(pa.array(values == 1))), touched)


def _among(firms: pa.Array, named: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    wanted = named.combine_chunks() if isinstance(named, pa.ChunkedArray) else named
    return np.asarray(pc.is_in(firms, value_set=wanted), bool)


def _first(events: pa.Table, positives: pa.Array) -> pa.Table:
    """The first event of each positive firm."""
    rows = events.filter(pc.is_in(events["firm"], value_set=positives))
    rows = rows.sort_by([("firm", "ascending"), ("day", "ascending"), ("limb", "ascending"), ("evidence", "ascending")])
    firm = rows["firm"].to_numpy()
    return rows.filter(pa.array(np.append(True, firm[1:] != firm[:-1]) if len(firm) else np.zeros(0, bool)))
