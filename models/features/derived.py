"""What graph knowledge says of firms on the day, as tables for features: worked out from the snapshot by the knowledge book's own
algorithms, so that a day which nobody computed is the same as one that somebody did, and nothing later is ever seen."""

from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.circles.links import links_of
from graph.knowledge.circles.rings import rings_of
from graph.knowledge.circles.told import READS as CIRCLE_READS
from graph.knowledge.circles.told import told_of
from graph.knowledge.control.assess import Assessment
from graph.knowledge.control.holdings import Told
from graph.knowledge.control.kind import READS as CONTROL_READS
from graph.knowledge.flows.kind import FLOWS, FUND_FLOWS
from graph.knowledge.groups.decisions import said_by
from graph.knowledge.groups.settings import settings
from graph.knowledge.groups.ties import labels, ties_of
from graph.knowledge.groups.told import READS as GROUP_READS
from graph.knowledge.groups.told import Ground
from graph.knowledge.kind import Inputs
from models.exposures import FIRM
from models.workspace import Workspace

READS = frozenset((*CONTROL_READS, *GROUP_READS, "GUARANTEES", *FUND_FLOWS.reads))
"""Every type that derived features are worked out from."""

_SETS = pa.schema([("kind", pa.string()), ("grp", pa.string()), ("firm", pa.string())])


def keep_derived(work: Workspace) -> None:
    """Tables `_control` (dst, src, votes, interest, ultimate, joint, state), `_untold` (firm, unknown), `_together` (kind, grp,
    firm: who stands in one group, circle or under one controller) and `_flow` (a row a drawdown of the last ninety days)."""
    found = Assessment(Told(*_read(work, CONTROL_READS).values()))
    controllers = found.controllers()
    work.put("_control", controllers)
    work.put("_untold", found.status().select(["firm", "unknown"]))
    work.put(
        "_together", pa.concat_tables([_controlled(controllers), _groups(work, controllers, found.findings()), _circles(work)])
    )
    work.put("_flow", _flows(work, controllers))


def _read(work: Workspace, reads: Mapping[str, Iterable[str]], *, only: str = "") -> dict[str, pa.Table]:
    """The declared columns of each type, of which only one is needed with rows where `only` names it."""
    out = {}
    for name, columns in reads.items():
        listed = ", ".join(f'"{column}"' for column in ("id", *columns))
        none = " LIMIT 0" if only and name != only else ""
        out[name] = work.query(f"SELECT {listed} FROM {name}{none}")
    return out


def _controlled(controllers: pa.Table) -> pa.Table:
    """Firms under one ultimate controller; what the state owns makes no family."""
    kept = pc.and_(controllers["ultimate"], pc.invert(pc.or_(controllers["state"], controllers["joint"])))
    rows = controllers.filter(kept)
    return _sets("control", rows["src"], rows["dst"])


def _groups(work: Workspace, controllers: pa.Table, findings: pa.Table) -> pa.Table:
    """Groups of certain ties, as `group_members` of the book has them."""
    read = _read(work, GROUP_READS)
    told = Told(*(read[name] for name in ("HOLDS_SHARES", "ACTS_WITH", "CONTROLS", "SERVES_AS", "Firm")))
    others = read["KIN_OF"], read["MEMBER_OF"], read["ClientGroup"]
    ground = Ground.of(told, controllers, findings, others, said_by(work.snapshot))
    part = ground.coded.entities.text(labels(ties_of(ground, settings()).edges())).to_arrow()
    return _sets("group", part["part"], part["node"])


def _circles(work: Workspace) -> pa.Table:
    """Guarantee circles, as `guarantee_circle_members` of the book has them."""
    with duckdb.connect() as connection:
        for name, rows in _read(work, CIRCLE_READS, only="GUARANTEES").items():
            connection.register(name, rows)
        links = links_of(told_of(connection, {name: name for name in CIRCLE_READS}))
    circle = rings_of(links).circle[: links.size]
    member = pa.array(circle >= 0)
    return _sets("circle", pa.array(circle).filter(member), links.ids.filter(member))


def _flows(work: Workspace, controllers: pa.Table) -> pa.Table:
    """The book's `fund_flows`; nothing where nothing was drawn."""
    drawn = work.query("SELECT count(*) AS n FROM DISBURSES WHERE valid_from > :as_of - 90")["n"][0].as_py()
    if not drawn:
        return FLOWS.empty_table()
    return FUND_FLOWS.compute(Inputs(FUND_FLOWS, work.snapshot, {"controllers": lambda: controllers}))["fund_flows"]


def _sets(kind: str, grp: pa.Array | pa.ChunkedArray, firm: pa.Array | pa.ChunkedArray) -> pa.Table:
    rows = pa.table(
        {"kind": pa.array([kind] * len(grp), pa.string()), "grp": pc.cast(grp, pa.string()), "firm": pc.cast(firm, pa.string())}
    )
    return rows.filter(pc.starts_with(rows["firm"], f"{FIRM}-")).cast(_SETS)
