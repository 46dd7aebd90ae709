"""Named facts: one typed catalogue, computed for the whole book in one pass or for one firm, equal either way."""

from alerts.facts.base import FactBase
from alerts.facts.catalogue import CATALOGUE, find_fact
from alerts.facts.compute import book_facts, firm_facts
from alerts.facts.kinds import Fact, FactKind, Unit

__all__ = ["CATALOGUE", "Fact", "FactBase", "FactKind", "Unit", "book_facts", "find_fact", "firm_facts"]
