"""What is foretold: versioned definitions over facts, who stands in which state, and what came of it."""

from models.targets.interventions import read_interventions
from models.targets.outcomes import Outcomes, Why, outcomes_of
from models.targets.spec import DEFAULT, End, Intervention, Limb, Target, states_of, target_named, targets_of
from models.targets.spells import Spells, in_state, in_state_sql, read_spells

__all__ = [
    "DEFAULT",
    "End",
    "Intervention",
    "Limb",
    "Outcomes",
    "Spells",
    "Target",
    "Why",
    "in_state",
    "in_state_sql",
    "outcomes_of",
    "read_interventions",
    "read_spells",
    "states_of",
    "target_named",
    "targets_of",
]
