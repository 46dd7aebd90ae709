"""Every kind of knowledge that Yujing computes. A new kind is one line here, and its relations in graph/ontology/knowledge.yaml."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from graph.errors import InputError
from graph.knowledge.kind import Kind, KnowledgeTable


@cache
def all_kinds() -> tuple[Kind, ...]:
    """The registry. Imported when asked for: the algorithms bring SciPy with them."""
    from graph.knowledge.circles.kind import CIRCLES_KIND
    from graph.knowledge.control.kind import CONTROL
    from graph.knowledge.exposure.kind import EXPOSURE
    from graph.knowledge.flows.kind import FUND_FLOWS
    from graph.knowledge.groups.kind import GROUPS

    return told_apart(
        (
            CONTROL,
            CIRCLES_KIND,
            GROUPS,
            EXPOSURE,
            FUND_FLOWS,
        )
    )


def told_apart(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """The kinds. InputError where two have one name, or two tables have: tables of all kinds lie side by side in the book."""
    names = Counter(kind.name for kind in kinds)
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(f"Two kinds of knowledge are called '{twice[0]}'.", "Rename one of them.", "name")
    owner: dict[str, str] = {}
    for kind in kinds:
        for table in kind.tables:
            if table.name in owner:
                told = f"'{owner[table.name]}' and '{kind.name}' both have a table '{table.name}'."
                raise InputError(told, "Rename one of them: tables of all kinds lie side by side in the book.", "tables")
            owner[table.name] = kind.name
    return tuple(kinds)


def chosen(names: Sequence[str]) -> tuple[Kind, ...]:
    """The named kinds and all that they need; every kind where none is named. InputError for an unknown name."""
    known = {kind.name: kind for kind in all_kinds()}
    wanted: dict[str, Kind] = {}

    def want(name: str) -> None:
        if name not in known:
            raise InputError(f"There is no kind of knowledge '{name}'.", f"Known: {', '.join(known)}.", "kinds")
        for before in known[name].after:
            want(before)
        wanted[name] = known[name]

    for name in names or known:
        want(name)
    return tuple(wanted.values())


def table_named(name: str) -> KnowledgeTable:
    """The table called `name`, of whichever kind. InputError where none is."""
    tables = {table.name: table for kind in all_kinds() for table in kind.tables}
    if name not in tables:
        raise InputError(f"The knowledge book has no table '{name}'.", f"Known: {', '.join(sorted(tables))}.", "table")
    return tables[name]
