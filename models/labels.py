"""Labels of a day's firms for one target: read from a later snapshot, never by what computes features."""

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.snapshot import Snapshot
from models.features import FeatureTable
from models.targets import DEFAULT, Outcomes, Spells, in_state, outcomes_of, read_interventions, read_spells, target_named
from models.targets.outcomes import Asked


def read_defaults(later: Snapshot) -> Spells:
    """Every default that began by the later snapshot's day, as known then."""
    return read_spells(later, target_named(later.ontology, DEFAULT))


def label(features: FeatureTable, defaults: Spells, horizon_days: int) -> NDArray[np.float64]:
    """1 defaults within (as_of, as_of + horizon], 0 does not, NaN not a row: [firms].

    Rows are firms that the bank knows itself, that owe it, and that perform on the day. Where the window is still open on
    the last day known, every firm is NaN: a firm whose time is not up is not a good one.
    """
    return outcomes_of(asked_of(features, features.standing["performing"].to_numpy()), defaults, horizon_days).values


def label_target(day: Snapshot, features: FeatureTable, spells: Spells, horizon_days: int) -> Outcomes:
    """The outcomes of the day's firms for the target of `spells`, with what the bank did about them within the horizon."""
    asked = asked_of(features, performing(day, features, spells))
    plain = outcomes_of(asked, spells, horizon_days)
    if plain.closes > spells.known_until:
        return plain
    close = Snapshot(day.ledger, plain.closes, day.ledger_seq, day.engine)
    touched = read_interventions(day, close, spells.target)
    return outcomes_of(asked, spells, horizon_days, touched["firm"].combine_chunks())


def performing(day: Snapshot, features: FeatureTable, spells: Spells) -> NDArray[np.bool_]:
    """Which firms stand in no state of the target on the day, as known then."""
    if spells.target.name == DEFAULT:
        return np.asarray(features.standing["performing"].to_numpy(), bool)
    return np.asarray(pc.invert(pc.is_in(features.firms, value_set=in_state(day, spells.target))), bool)


def asked_of(features: FeatureTable, performs: NDArray[np.bool_]) -> Asked:
    """Targets are firms that the bank knows itself and that owe it."""
    standing = features.standing
    target = np.logical_and(standing["known"].to_numpy(), standing["has_credit"].to_numpy())
    return Asked(features.as_of, features.firms, target, performs)
