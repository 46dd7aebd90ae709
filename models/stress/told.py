"""From numbers to what is said: falls with the edges that brought them and the rows that tell of these, losses by part."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.contagion.arrays import Flags, Floats, Index, summed
from models.contagion.cascade import Cascade
from models.contagion.network import GUARANTEE, KINDS, FirmNetwork
from models.stress import words
from models.stress.answer import Edge, Fall, Part, Place
from models.stress.compiled import Compiled
from models.stress.day import StressDay
from models.stress.draws import Drawn

MOST_EDGES = 3
DIMENSIONS = ("branch", "industry", "region")
_PARTS_OF = {"branch": None, "industry": 1, "region": 4}  # industries by letter, regions by prefecture

Grouping = tuple[pa.Array, Index, int]
"""Values, the number of each firm's value, how many there are."""


def falls(day: StressDay, compiled: Compiled, found: Cascade, most: int) -> tuple[Fall, ...]:
    """Who fell, the largest losses of the bank first, then by round; each with up to MOST_EDGES edges and their rows."""
    fell = np.flatnonzero(found.fell >= 0)
    shown = fell[np.lexsort((fell, found.fell[fell], -found.bank_loss[fell]))][:most]
    arrived = _arrived(found, shown)
    places = _places(day, [rel for rows in arrived.values() for rel in _rels(day.network, found, rows)])
    names = day.network.about.take(pa.array(shown)).to_pylist()
    ids = day.network.firms.take(pa.array(shown)).to_pylist()
    sheets = day.network.sheets
    answer = []
    for at, firm, about in zip(shown.tolist(), ids, names, strict=True):
        rows = arrived[at]
        reason = _reason(compiled, found, at, rows)
        equity = float(sheets.equity[at])
        answer.append(
            Fall(
                firm=firm,
                name=about["name"] or firm,
                industry=about["industry"],
                region=about["region"],
                branch=about["branch"],
                round=int(found.fell[at]),
                reason=reason,
                said=words.REASONS[reason],
                equity_fen=round(equity) if np.isfinite(equity) else None,
                lost_fen=round(float(found.lost[at])),
                credit_fen=round(float(sheets.credit[at])),
                guarantors_paid_fen=round(float(found.paid_by_guarantors[at])),
                bank_loss_fen=round(float(found.bank_loss[at])),
                edges=_edges(day, found, rows, places),
            )
        )
    return tuple(answer)


def _arrived(found: Cascade, shown: Index) -> dict[int, Index]:
    """Of each firm the positions of the largest hits that came by the round of its fall."""
    hits = found.hits
    of_shown = np.zeros(len(found.fell), np.bool_)
    of_shown[shown] = True
    weight = np.maximum(hits.asked, hits.amount)
    rows = np.flatnonzero(of_shown[hits.bearer] & (hits.round <= found.fell[hits.bearer]) & (weight > 0))
    rows = rows[np.lexsort((hits.edge[rows], -weight[rows], hits.bearer[rows]))]
    first = np.searchsorted(hits.bearer[rows], shown)
    last = np.searchsorted(hits.bearer[rows], shown, side="right")
    return {int(at): rows[a : min(b, a + MOST_EDGES)] for at, a, b in zip(shown, first, last, strict=True)}


def _rels(network: FirmNetwork, found: Cascade, rows: Index) -> list[tuple[str, str]]:
    """Type and id of the relation of each hit."""
    told = []
    for row in rows.tolist():
        edge = int(found.hits.edge[row])
        if found.hits.kind[row] == GUARANTEE:
            told.append(("GUARANTEES", network.guarantee_rels[edge].as_py()))
        else:
            told.append((network.claims.types[edge].as_py(), network.claims.rels[edge].as_py()))
    return told


def _places(day: StressDay, rels: Sequence[tuple[str, str]]) -> dict[str, Place]:
    """Where the rows of these relations stand."""
    found: dict[str, Place] = {}
    for name in sorted({type_name for type_name, _ in rels}):
        ids = sorted({rel for type_name, rel in rels if type_name == name})
        rows = day.snapshot.about(name, "id", ids).select(["id", "file", "sheet", "line", "batch"]).to_pylist()
        for row in rows:
            told = {key: row[key] or "" for key in ("file", "sheet", "batch")}
            found[row["id"]] = Place(table=name, id=row["id"], line=row["line"], **told)
    return found


def _edges(day: StressDay, found: Cascade, rows: Index, places: dict[str, Place]) -> tuple[Edge, ...]:
    hits, answer = found.hits, []
    for row, (_, rel) in zip(rows.tolist(), _rels(day.network, found, rows), strict=True):
        kind, sender = KINDS[hits.kind[row]], int(hits.sender[row])
        name = day.network.about["name"][sender].as_py()
        answer.append(
            Edge(
                kind=kind,
                said=words.EDGES[kind],
                round=int(hits.round[row]),
                sender=day.network.firms[sender].as_py(),
                sender_name=name or day.network.firms[sender].as_py(),
                lost_fen=round(float(hits.amount[row])),
                asked_fen=round(float(hits.asked[row])),
                row=places.get(rel),
            )
        )
    return tuple(answer)


def _reason(compiled: Compiled, found: Cascade, at: int, rows: Index) -> str:
    if found.fell[at] == 0:
        return "named" if compiled.first[at] else "shock"
    if found.lost[at] >= compiled.network.sheets.equity[at] - 1:
        return "losses"
    return "call"


def groupings(network: FirmNetwork) -> dict[str, Grouping]:
    """Of each dimension its values, the number of each firm's value and how many there are; untold is `-`."""
    answer = {}
    for name in DIMENSIONS:
        column = pc.fill_null(network.about[name], "-")
        if _PARTS_OF[name]:
            column = pc.utf8_slice_codeunits(column, 0, _PARTS_OF[name])
        encoded = column.combine_chunks().dictionary_encode()
        answer[name] = (encoded.dictionary, encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary))
    return answer


def parts(
    network: FirmNetwork, told: tuple[pa.Array, Index, int], found: Cascade, drawn: tuple[Drawn, str] | None
) -> tuple[Part, ...]:
    """Losses by value of one dimension, the largest expected loss first; only where the bank has credit or loses any."""
    values, number, count = told
    lends: Flags = network.sheets.credit > 0
    credit, firms = summed(number, network.sheets.credit, count), summed(number, lends, count)
    worst: Floats | None = None
    if drawn is None:
        expected = summed(number, found.bank_loss, count)
        fell = summed(number, found.fell >= 0, count)
    else:
        runs, name = drawn
        expected, fell = runs.parts[name].mean(axis=0), summed(number, runs.fell / runs.runs, count)
        worst = np.quantile(runs.parts[name], 0.99, axis=0)
    order = np.lexsort((np.arange(count), -credit, -expected))
    return tuple(
        Part(
            value=values[at].as_py(),
            firms=int(firms[at]),
            credit_fen=round(float(credit[at])),
            expected_fen=round(float(expected[at])),
            fell=round(float(fell[at]), 4),
            quantile_99_fen=None if worst is None else round(float(worst[at])),
        )
        for at in order.tolist()
        if credit[at] > 0 or expected[at] > 0
    )
