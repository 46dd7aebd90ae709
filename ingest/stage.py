"""Stage one: chunks of a file become checked records in Parquet parts, all records of a row or none.

Nothing here knows what other rows say; that is settled in stage two, over all parts at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from graph.errors import InputError
from graph.ontology import EntityType
from graph.personal import UNREAD, WHOLE_ROW
from ingest.cells import Cells
from ingest.draft import draft
from ingest.parts import LINE_BITS, Draft, PartWriter, part_name
from ingest.plan import EndPlan, YieldPlan, personal_columns
from ingest.problems import ISSUES, Problems, shortened
from ingest.readers import Chunk
from ingest.recipe import Recipe, Stamp
from ingest.refused import cut_rows, uncut_rows
from ingest.tokens import Tokenise


@dataclass(frozen=True)
class Source:
    """One source of a load (a file, sheet, table or partition): its place, what lineage calls it, and what its rows yield."""

    number: int
    file: str
    sheet: str
    plans: tuple[YieldPlan, ...]
    full: bool = False
    place: int = 0  # which of the manifest's files it is
    used: frozenset[str] = frozenset()  # columns that some yield reads

    @cached_property
    def personal(self) -> dict[str, str]:
        """Columns that hold personal values, and of which kind."""
        return personal_columns(self.plans)

    def hidden_kind(self, column: str) -> str:
        """The kind under which cells of a column are sealed when a refused row is kept; empty: they stay open."""
        return self.personal.get(column, "") if column in self.used else UNREAD


@dataclass(frozen=True)
class Part:
    """A Parquet file of staged records of one type, from one source, by one yield."""

    number: int
    path: Path
    source: int
    plan: YieldPlan

    @property
    def type_name(self) -> str:
        return self.plan.type_name


@dataclass
class Staged:
    """What stage one leaves in `folder`, and plain counts."""

    folder: Path
    rows: int = 0
    idle_rows: int = 0  # rows that yield no record at all
    tidied: int = 0
    remarks: list[str] = field(default_factory=list)  # what is worth a look about whole files
    parts: list[Part] = field(default_factory=list)
    files: dict[str, list[Path]] = field(default_factory=dict)  # ends, bases, issues, raw, warnings, originals
    seen: Counter[str] = field(default_factory=Counter)  # records by type, the refused ones among them
    mentioned: dict[str, list[Path]] = field(default_factory=dict)  # of full feeds: ids of refused records, by type
    uncut: bool = False  # of full feeds: some row could not even be cut into fields

    def keep(self, frame: pl.DataFrame, name: str) -> None:
        """Writes a frame as one more file of `name`, unless it is empty."""
        if frame.height:
            frame.write_parquet(self.next_file(name), compression="lz4", statistics=False)

    def next_file(self, name: str) -> Path:
        """The path of one more file of `name`."""
        known = self.files.setdefault(name, [])
        known.append(self.folder / f"{name}-{len(known):06d}.parquet")
        return known[-1]


@dataclass(frozen=True)
class Workshop:
    """What staging works with: who writes parts, the bank's time zone, tokens, and what marks every row as this load's."""

    writer: PartWriter
    time_zone: str
    tokenise: Tokenise
    stamp: Stamp


class Stager:
    """Takes the chunks of one source, in order."""

    def __init__(self, source: Source, staged: Staged, shop: Workshop) -> None:
        self._source, self._staged, self._shop = source, staged, shop
        self._personal = source.personal

    def take(self, chunk: Chunk) -> None:
        """Checks and stages one chunk."""
        _refuse_too_far(chunk, self._source)
        places = _Places(chunk.line + (self._source.number << LINE_BITS))
        cells = Cells(chunk.frame, self._shop.time_zone, self._shop.tokenise, self._personal)
        problems = Problems(chunk.frame, places.numbers, self._personal, self._shop.tokenise)
        problems.note_unreadable(sorted(self._source.used & set(chunk.frame.columns)))
        drafts = [places.put(draft(plan, cells, places.numbers, problems)) for plan in self._source.plans]
        problems.note_codes(cells)
        self._count(chunk, places.row, drafts)
        bad = self._keep_problems(chunk, problems, places)
        for plan, records in zip(self._source.plans, drafts, strict=True):
            refused = pl.col("row").is_in(bad.implode())
            self._keep(plan, records.filter(~refused) if bad.len() else records)
            if self._source.full and bad.len():
                self._mention(plan, records.filter(refused))

    def _count(self, chunk: Chunk, row: pl.Series, drafts: Sequence[pl.DataFrame]) -> None:
        self._staged.rows += chunk.rows
        for plan, records in zip(self._source.plans, drafts, strict=True):
            self._staged.seen[plan.type_name] += records.height
        if all(records.height < len(row) for records in drafts):
            self._staged.idle_rows += row.n_unique() - pl.concat([records["row"] for records in drafts]).n_unique()

    def _keep_problems(self, chunk: Chunk, problems: Problems, places: "_Places") -> pl.Series:
        issues, originals = places.put(problems.issues()), places.put(problems.originals())
        shift = self._source.number << LINE_BITS
        text = chunk.broken["text"]
        kept = self._shop.tokenise(text, WHOLE_ROW) if self._personal and len(text) else text  # it may hold anything
        hidden = kept if self._personal else shortened(text)
        broken = chunk.broken.select(row=pl.col("line") + shift, column=pl.col("column"), value=hidden, reason=pl.col("reason"))
        self._staged.keep(pl.concat([broken.cast(ISSUES), issues]), "issues")
        self._staged.uncut |= self._source.full and broken.height > 0
        self._staged.keep(places.put(problems.warnings()), "warnings")
        self._staged.keep(originals, "originals")
        self._staged.tidied += originals.height
        bad = issues["row"].unique()
        self._keep_rows(chunk, bad)
        self._staged.keep(uncut_rows(broken["row"], chunk.frame.columns, kept), "raw")
        return bad

    def _keep_rows(self, chunk: Chunk, bad: pl.Series) -> None:
        """Refused rows as they stood."""
        if bad.is_empty():
            return
        row = (chunk.line + (self._source.number << LINE_BITS)).alias("row")
        here = row.is_in(bad.implode())
        part = Chunk(chunk.frame.filter(here), chunk.line.filter(here), chunk.broken.clear())
        self._staged.keep(cut_rows(part, row.filter(here), self._source.hidden_kind, self._shop.tokenise), "raw")

    def _keep(self, plan: YieldPlan, records: pl.DataFrame) -> None:
        if not records.height:
            return
        parts = self._staged.parts
        path = self._staged.folder / part_name(plan.type_name, len(parts), self._source.number)
        self._write(records, plan, path)
        parts.append(Part(len(parts), path, self._source.number, plan))
        if not isinstance(plan.kind, EntityType):
            self._staged.keep(pl.concat([_named(records, end) for end in plan.ends]), "ends")

    def _mention(self, plan: YieldPlan, records: pl.DataFrame) -> None:
        """A record of a full feed that was refused was told nevertheless: it has not ended."""
        known = self._staged.mentioned.setdefault(plan.type_name, [])
        path = self._staged.folder / f"mentioned-{plan.type_name}-{len(known):06d}.parquet"
        self._write(records, plan, path)
        known.append(path)

    def _write(self, records: pl.DataFrame, plan: YieldPlan, path: Path) -> None:
        """Hands records to the writer; it hashes and writes them while the next chunk is checked."""
        recipe = Recipe(plan, self._shop.stamp, self._source.file, self._source.sheet)
        rows = records.with_columns(line=pl.col("row") - (self._source.number << LINE_BITS))
        often = records["_ident"].hash().is_duplicated() if plan.counted else None
        bases = self._staged.next_file("bases") if often is not None and often.any() else None
        hashes = recipe.hashes_sql(set(records.columns))
        self._shop.writer.put(
            Draft(recipe.with_constants(rows), hashes, recipe.table, recipe.few, path, often if bases else None, bases)
        )


class _Places:
    """The source rows of a chunk. Where several of its rows are one source row (an exploded line), each has a number of its own
    while it is checked; what was found is then put at the source row."""

    def __init__(self, row: pl.Series) -> None:
        self.row = row.alias("row")
        self._shared = row.n_unique() < row.len()
        self.numbers = pl.int_range(row.len(), eager=True).alias("row") if self._shared else self.row

    def put(self, found: pl.DataFrame) -> pl.DataFrame:
        """The same with its source rows."""
        return found.with_columns(self.row.gather(found["row"]).alias("row")) if self._shared else found


def _refuse_too_far(chunk: Chunk, source: Source) -> None:
    """A line that its bits cannot hold would be taken for one of another source."""
    last = max([int(lines[-1]) for lines in (chunk.line, chunk.broken["line"]) if len(lines)], default=0)
    if last >> LINE_BITS:
        raise InputError(f"{source.file}: line {last} is beyond the {1 << LINE_BITS} that fit.", "Split the source.", "path")


def _named(records: pl.DataFrame, end: EndPlan) -> pl.DataFrame:
    """The distinct records that rows name as one end, and the first moment at which one did."""
    known = pl.col("recorded_at") if "recorded_at" in records.columns else pl.lit(None, pl.Int64).alias("recorded_at")
    named = records.group_by(record=pl.col(end.role), key=pl.col(f"{end.role}_key")).agg(known.min())
    return named.select(pl.lit(end.type).alias("type"), "record", pl.lit(end.source).alias("source"), "key", "recorded_at")
