"""What entities are called on a page: firms by name, persons masked, everything else by its number."""

from collections.abc import Iterable
from dataclasses import replace

from api.masking import is_token, stand_in
from api.rows import RowReader
from graph.ids import ENTITY_SEPARATOR
from graph.network import Network
from graph.personal import ERASED, Vault, mask
from graph.store import GraphReader, Moment


def display_names(reader: RowReader, vault: Vault, ids: Iterable[str]) -> dict[str, str]:
    """A name for each id, as known that day; an id that has none stands for itself."""
    wanted = set(ids)
    by_type: dict[str, set[str]] = {}
    for each in wanted:
        by_type.setdefault(each.partition(ENTITY_SEPARATOR)[0], set()).add(each)
    names = {each: each for each in wanted}
    for type_name, members in by_type.items():
        for row in reader.rows(type_name, "id", members):
            names[row["id"]] = row.get("name") or row.get("uscc") or row.get("number") or row["id"]
    return masked(vault, names)


def walked_names(store: GraphReader, vault: Vault, ids: Iterable[str], when: Moment) -> dict[str, str]:
    """The same out of the graph store, for whoever asks once: no snapshot is opened for it."""
    wanted = sorted(set(ids))
    states = store.states(wanted, when)
    named = {each: states.get(each, {}) for each in wanted}
    return masked(vault, {each: state.get("name") or state.get("number") or each for each, state in named.items()})


def mask_network(vault: Vault, network: Network) -> Network:
    """A walked network with every person's name masked."""
    names = masked(vault, {node.id: node.name for node in network.nodes})
    return replace(network, nodes=tuple(node._replace(name=names[node.id]) for node in network.nodes))


def masked(vault: Vault, names: dict[str, str]) -> dict[str, str]:
    """The same names with every personal token as the masked value it stands for: 王建国 is 王**.

    An erased name says so, and so does an erased person's that others bear too.
    """
    tokens = {name for name in names.values() if is_token(name)}
    if not tokens:
        return names
    values, erased = vault.reveal(tokens), vault.erasures.current()
    shown = {token: mask(values[token], "name") if token in values else stand_in(token) for token in tokens}
    shown |= dict.fromkeys(tokens & erased.tokens, ERASED)
    return {each: ERASED if each in erased.entities else shown.get(name, name) for each, name in names.items()}
