"""Rule packs: YAML that is validated, typed, dated and cited; conditions are SQL over named facts and nothing else."""

from alerts.rules.condition import Condition, parse_condition
from alerts.rules.load import Packs, load_packs, shipped_packs
from alerts.rules.rule import Rule, RuleDoc

__all__ = ["Condition", "Packs", "Rule", "RuleDoc", "load_packs", "parse_condition", "shipped_packs"]
