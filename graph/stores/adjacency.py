"""The neighbours of every entity of one generation, as memory-mapped arrays beside the embedded store.

A hop is a slice and a filter: the entity's place among the sorted ids, its *runs* (all rows of one relation type and way, the
largest first), and of these the versions that hold on the day. Nothing is read but the pages that the answer lies on.

| file | what |
| --- | --- |
| `ids.npy` | entity ids, sorted |
| `node_runs.npy` | entity n has the runs from `node_runs[n]` to `node_runs[n + 1]` |
| `run_code.npy`, `run_start.npy` | of each run its type and way (a place in `codes.json`) and its first row |
| `days.npy` | of each row the four whole-day integers |
| `rows.npy` | of each row the other end, amount, share and relation id |
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.store import DEGREE_SCHEMA, EDGE_SCHEMA, Hop, Moment, whole_day

FOLDER = "adjacency"
NO_AMOUNT = np.iinfo(np.int64).min

Numbers = npt.NDArray[np.int64]


class Ids:
    """Entity ids by number and back. A number is the place of an id among all, sorted."""

    def __init__(self, folder: Path) -> None:
        self._ids = load(folder / "ids.npy")

    def numbers(self, ids: Iterable[str]) -> Numbers:
        """The numbers of those ids that are there, each once, ascending."""
        width = self._ids.dtype.itemsize
        asked = {one.encode() for one in ids}
        fitting = np.array(sorted(one for one in asked if len(one) <= width and b"\0" not in one), self._ids.dtype)
        if not len(fitting) or not len(self._ids):
            return np.empty(0, np.int64)
        places = np.minimum(np.searchsorted(self._ids, fitting), len(self._ids) - 1)
        return np.asarray(places[self._ids[places] == fitting], np.int64)

    def named(self, numbers: npt.NDArray[np.integer[Any]]) -> pa.Array:
        """The ids of these numbers, as text."""
        return text(self._ids[numbers])


class Adjacency:
    """The arrays under `folder`, mapped and never read whole. Safe between threads."""

    def __init__(self, folder: Path) -> None:
        self.ids = Ids(folder)
        self._codes = [(name, way) for name, way in json.loads((folder / "codes.json").read_text())]
        self._node_runs, self._run_code, self._run_start, self._days, self._rows = (
            load(folder / f"{name}.npy") for name in ("node_runs", "run_code", "run_start", "days", "rows")
        )

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """As `GraphReader.expand`."""
        runs, owners = self._runs(anchors, hop)
        rows, run_of = self._live(runs, hop.when)
        first = np.searchsorted(run_of, np.arange(len(runs)))  # rows of one run stand together, the largest first
        kept = np.arange(len(run_of)) - first[run_of] < hop.cap
        rows, run_of = rows[kept], run_of[kept]
        told, days, codes = self._rows[rows], self._days[rows], self._run_code[runs][run_of]
        amount, share = told["amount"], told["share"]
        columns = [
            self.ids.named(owners).take(pa.array(run_of)),
            *self._types_and_ways(codes),
            text(told["rel"]),
            self.ids.named(told["other"]),
            pa.array(amount, mask=amount == NO_AMOUNT),
            pa.array(share, mask=np.isnan(share)),
            pa.array(np.ascontiguousarray(days[:, 0])),
            pa.array(np.ascontiguousarray(days[:, 1])),
        ]
        return pa.table(columns, schema=EDGE_SCHEMA)

    def degrees(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """As `GraphReader.degrees`."""
        runs, owners = self._runs(anchors, hop)
        _, run_of = self._live(runs, hop.when)
        counts = np.bincount(run_of, minlength=len(runs))
        some = counts > 0
        columns = [self.ids.named(owners[some]), *self._types_and_ways(self._run_code[runs[some]]), pa.array(counts[some])]
        return pa.table(columns, schema=DEGREE_SCHEMA)

    def _runs(self, anchors: Sequence[str], hop: Hop) -> tuple[Numbers, Numbers]:
        """The runs of these anchors of the types and ways asked for, and of each the number of its anchor."""
        numbers = self.ids.numbers(anchors)
        begins, ends = self._node_runs[numbers], self._node_runs[numbers + 1]
        runs, owners = spans(begins, ends), np.repeat(numbers, ends - begins)
        types, ways = set(hop.types), set(hop.ways)
        wanted = np.array([name in types and way in ways for name, way in self._codes], bool)
        kept = wanted[self._run_code[runs]] if len(runs) else np.empty(0, bool)
        return runs[kept], owners[kept]

    def _live(self, runs: Numbers, when: Moment) -> tuple[Numbers, Numbers]:
        """The rows of these runs that hold on the day, and for each the place of its run among them."""
        begins, ends = self._run_start[runs], self._run_start[runs + 1]
        rows = spans(begins, ends)
        holds = on_day(self._days[rows], when)
        return rows[holds], np.repeat(np.arange(len(runs)), ends - begins)[holds]

    def _types_and_ways(self, codes: npt.NDArray[np.integer[Any]]) -> tuple[pa.Array, pa.Array]:
        names, ways = zip(*self._codes, strict=True) if self._codes else ((), ())
        at = pa.array(codes)
        return pa.array(names, pa.string()).take(at), pa.array(ways, pa.string()).take(at)


class StateRows:
    """The states of all entities of one type: their days by entity, and what they say in Arrow, mapped."""

    def __init__(self, folder: Path, entity: str) -> None:
        self._entity = load(folder / f"states-{entity}-entity.npy")
        self._days = load(folder / f"states-{entity}-days.npy")
        reader = pa.ipc.open_file(pa.memory_map(str(folder / f"states-{entity}.arrow")))
        self._batches = [reader.get_batch(n) for n in range(reader.num_record_batches)]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])

    def read(self, numbers: Numbers, when: Moment, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is said of the entities with these numbers on the day, by id."""
        rows = spans(np.searchsorted(self._entity, numbers), np.searchsorted(self._entity, numbers, "right"))
        rows = rows[on_day(self._days[rows], when)]
        said: dict[str, dict[str, Any]] = {}
        for place in np.unique(np.searchsorted(self._starts, rows, "right") - 1):
            begin, end = self._starts[place], self._starts[place + 1]
            within = rows[(rows >= begin) & (rows < end)] - begin
            told = self._batches[place].select(["id"]).take(pa.array(within))["id"].to_pylist()
            values = self._batches[place].select(list(columns)).take(pa.array(within)).to_pylist()
            said |= dict(zip(told, values, strict=True))
        return said


def load(file: Path) -> npt.NDArray[Any]:
    """An array as it lies on disk."""
    try:
        return np.asarray(np.load(file, mmap_mode="r"))
    except ValueError:  # nothing in it: there is nothing to map
        return np.asarray(np.load(file))


def spans(begins: Numbers, ends: Numbers) -> Numbers:
    """All numbers from each begin to its end: (3, 8), (5, 9) are 3, 4, 8."""
    lengths = ends - begins
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int64)
    shifts = np.repeat(begins - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    return np.asarray(shifts + np.arange(total), np.int64)


def on_day(days: npt.NDArray[np.int32], when: Moment) -> npt.NDArray[np.bool_]:
    """Which rows of `valid_from`, `valid_to`, `known_from`, `known_to` hold then."""
    valid, known = whole_day(when.valid), whole_day(when.known)
    holds: npt.NDArray[np.bool_] = (days[:, 0] <= valid) & (valid < days[:, 1]) & (days[:, 2] <= known) & (known < days[:, 3])
    return holds


def text(values: npt.NDArray[np.bytes_]) -> pa.Array:
    """Fixed-width bytes as Arrow text."""
    return pa.array(values, pa.binary()).cast(pa.string())
