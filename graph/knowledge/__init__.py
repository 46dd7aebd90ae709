"""Knowledge: what follows from the bank's relations (control, groups, circles, flows), computed for the whole book of a day.

A *kind* of knowledge is a pure function of a snapshot; the *book* keeps its tables, one run a day, and recomputes only where
the inputs changed. `graph.projection` makes relations of its rows for the graph stores.
"""

from graph.knowledge.book import KnowledgeBook, Run
from graph.knowledge.kind import Inputs, Kind, KnowledgeTable

__all__ = ["Inputs", "Kind", "KnowledgeBook", "KnowledgeTable", "Run"]
