"""One day, read once, over which any number of scenarios are run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import InputError, NotComputedError
from graph.knowledge.book import KnowledgeBook
from graph.snapshot import Snapshot
from graph.store import GraphReader
from models.contagion.arrays import Floats
from models.contagion.network import FirmNetwork
from models.contagion.reading import read_neighbourhood, read_network
from models.contagion.settings import Conventions, conventions_beside
from models.scores import ScoreBook
from models.stress.settings import Sensitivities, sensitivities_beside

GROUP_KINDS = ("group_client", "connected")


@dataclass(frozen=True)
class Scores:
    """Own log-odds by firm of the network, NaN where it has no score. Empty names: nothing was scored up to the day."""

    own: Floats
    run_id: str
    model: str
    horizon_days: int


@dataclass(frozen=True)
class StressDay:
    """`scope`: book, or the firm around which the network was read."""

    snapshot: Snapshot
    network: FirmNetwork
    scores: Scores
    conventions: Conventions
    sensitivities: Sensitivities
    book: KnowledgeBook
    scope: str = "book"

    @classmethod
    def open(cls, snapshot: Snapshot, scores: ScoreBook, around: tuple[GraphReader, str] | None = None) -> "StressDay":
        """The whole book, or the neighbourhood of a firm out of a store. InputError where the bank knew nobody on the day."""
        ledger = snapshot.ledger
        conventions = conventions_beside(ledger)
        if around is None:
            network, scope = read_network(snapshot, conventions), "book"
        else:
            network, scope = read_neighbourhood(around[0], snapshot, around[1], conventions), around[1]
        told = _scores(scores.latest(snapshot.as_of), network)
        return cls(snapshot, network, told, conventions, sensitivities_beside(ledger), KnowledgeBook.beside(ledger), scope)

    @cached_property
    def memberships(self) -> pa.Table | None:
        """Columns kind, group, member of group clients and connected clients; None where they were not computed."""
        try:
            rows = self.book.read("exposure_groups", self.snapshot.as_of)
        except (NotComputedError, InputError):
            return None
        return rows.filter(pc.is_in(rows["kind"], value_set=pa.array(GROUP_KINDS)))

    @cached_property
    def groups(self) -> Mapping[str, list[str]] | None:
        """Members of each group or set."""
        if self.memberships is None:
            return None
        found: dict[str, list[str]] = {}
        for group, member in zip(self.memberships["group"].to_pylist(), self.memberships["member"].to_pylist(), strict=True):
            found.setdefault(group, []).append(member)
        return found


def _scores(rows: pa.Table, network: FirmNetwork) -> Scores:
    own = np.full(network.size, np.nan)
    if not rows.num_rows:
        return Scores(own, "", "", 0)
    at = pc.index_in(network.firms, value_set=rows["firm"].combine_chunks())
    known = pc.is_valid(at).to_numpy(zero_copy_only=False).astype(np.bool_)
    own[known] = rows["own"].to_numpy()[pc.drop_null(at).to_numpy()]
    first = rows.slice(0, 1).to_pylist()[0]
    return Scores(own, first["run_id"], f"{first['model']} {first['model_version']}", first["horizon_days"])
