"""All facts by name: those computed from the snapshot, those derived, and those that only a request has."""

import difflib

from alerts.facts.asked import ASKED
from alerts.facts.derived import DERIVED
from alerts.facts.kinds import Fact
from alerts.facts.topics import TOPICS
from graph.errors import InputError

CATALOGUE: dict[str, Fact] = {fact.name: fact for fact in (*(f for topic in TOPICS for f in topic.facts), *DERIVED, *ASKED)}
"""Fact by name, in the order of docs/rules.md."""


def find_fact(name: str) -> Fact:
    """The fact called `name`. InputError names the nearest ones."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = difflib.get_close_matches(name, CATALOGUE, n=3, cutoff=0.5)
    fix = f"Did you mean {' or '.join(near)}?" if near else "docs/rules.md lists every fact."
    raise InputError(f"There is no fact '{name}'.", fix, name)
