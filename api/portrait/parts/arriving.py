"""Whose risk can reach the firm most, by the product of exposure shares (`graph.reach`), and over whom."""

from api.naming import mask_network
from api.portrait.about import About, PartKind
from api.wire.control import Party
from api.wire.parts import Figure, Item, Part
from graph.reach import Figures, RiskQuery, risk_network
from graph.store import Moment
from graph.walks import NetworkQuery

_SHOWN = 10


def read(about: About) -> Part:
    """The ten strongest within three relations; the whole is at /network?toward=firm."""
    when, store = Moment.of(about.day.snapshot.as_of), about.platform.store
    found = risk_network(store, about.firm, RiskQuery(NetworkQuery(when, max_nodes=60)), Figures(about.day.rows.rows))
    found = mask_network(about.platform.vault, found)
    names = {node.id: node.name or node.id for node in found.nodes}
    reaching = [node for node in found.nodes if node.reach and node.id != about.firm]
    made = tuple(
        Item(
            kind="arriving",
            party=Party(id=node.id, kind=node.label, name=names[node.id]),
            figures=(
                Figure(name="reach", zh="可传入比例", unit="share", value=round(node.reach or 0.0, 9)),
                Figure(name="way", zh="路径", unit="text", value=" → ".join(names.get(one, one) for one in node.way)),
            ),
        )
        for node in reaching[:_SHOWN]
    )
    return Part(name=PART.name, zh=PART.zh, items=made, left_out=max(len(reaching) - _SHOWN, 0) + found.left_out)


PART = PartKind("arriving", "可传入的风险", ("FinancialStatement",), read)
