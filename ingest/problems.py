"""What is wrong with the rows of one chunk, and what was tidied in them: row, column, value, reason."""

from collections.abc import Iterable, Mapping

import polars as pl

from ingest.cells import Cells
from ingest.clean import Column
from ingest.plan import Field
from ingest.reasons import Reason
from ingest.tokens import Tokenise
from ingest.unreadable import unreadable

ISSUES = pl.Schema({"row": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String})
LONGEST_VALUE = 1000
"""Characters of a refused value that are kept: enough to find it by. The whole of it stands in its file, on its line."""
ORIGINALS = pl.Schema({"row": pl.Int64, "column": pl.String, "original": pl.String, "read": pl.String})


class Problems:
    """Collects problems over all yields of a chunk. Personal values enter as tokens only."""

    def __init__(self, frame: pl.DataFrame, row: pl.Series, personal: Mapping[str, str], tokenise: Tokenise) -> None:
        self._frame, self._row, self._personal, self._tokenise = frame, row, personal, tokenise
        self._unreadable: list[pl.DataFrame] = []
        self._issues: list[pl.DataFrame] = []
        self._warnings: list[pl.DataFrame] = []
        self._originals: list[pl.DataFrame] = []

    def note_unreadable(self, columns: Iterable[str]) -> None:
        """Cells of `columns` that are no value, whatever is read from them."""
        for name in columns:
            for where, reason in unreadable(self._frame[name]):
                if where.any():
                    self._unreadable.append(self._found(self._row.filter(where), name, reason))

    def note(self, row: pl.Series, where: pl.Series, column: str, reason: Reason, *, warn: bool = False) -> None:
        """The rows of `row` at `where` have this problem in this column."""
        places = row.filter(where)
        if places.is_empty():
            return
        (self._warnings if warn else self._issues).append(self._found(places, column, reason))

    def _found(self, places: pl.Series, column: str, reason: Reason) -> pl.DataFrame:
        frame = pl.DataFrame({"row": places, "value": shortened(self._values(places, column))})
        return frame.select("row", pl.lit(column).alias("column"), "value", pl.lit(str(reason)).alias("reason"))

    def note_column(self, row: pl.Series, read: Column, field: Field, otherwise: str) -> None:
        """Everything that is wrong with a field that was read, and the cells that were tidied for it.

        `otherwise` is the column that stands for a field which comes from none.
        """
        name = field.value.column or min(field.value.columns, default=otherwise)
        for where, reason in read.problems:
            self.note(row, where, name, reason, warn=reason is Reason.CHECK_DIGIT and not field.value.check)
        if read.tidied is not None and field.value.column:
            self._note_original(row.filter(read.tidied), name, read.values.filter(read.tidied))

    def note_codes(self, cells: Cells) -> None:
        """Keys and conditions that had to be tidied."""
        for name, where, read in cells.tidied():
            self._note_original(self._row.filter(where), name, read.filter(where))

    def _note_original(self, places: pl.Series, name: str, read: pl.Series) -> None:
        said = self._hidden(read.cast(pl.String), name)
        self._originals.append(pl.DataFrame({"row": places, "original": self._values(places, name), "read": said, "column": name}))

    def issues(self) -> pl.DataFrame:
        """One row for each thing that keeps a source row out; of a cell that is no value nothing else is said."""
        found = pl.concat([pl.DataFrame(schema=ISSUES), *self._issues]).unique(maintain_order=True)
        if not self._unreadable:
            return found
        first = pl.concat(self._unreadable)
        return pl.concat([first, found.join(first, on=["row", "column"], how="anti", maintain_order="left")])

    def warnings(self) -> pl.DataFrame:
        """The same for what is only worth a look."""
        return pl.concat([pl.DataFrame(schema=ISSUES), *self._warnings]).unique(maintain_order=True)

    def originals(self) -> pl.DataFrame:
        """Cells that were tidied, as they stood and as they were read."""
        frames = [frame.select(ORIGINALS.names()) for frame in self._originals]
        return pl.concat([pl.DataFrame(schema=ORIGINALS), *frames]).unique(["row", "column"], keep="first", maintain_order=True)

    def _values(self, places: pl.Series, column: str) -> pl.Series:
        if column not in self._frame.columns:
            return pl.repeat("", places.len(), dtype=pl.String, eager=True)
        values = self._frame[column].gather(self._row.search_sorted(places))
        return self._hidden(values, column)

    def _hidden(self, values: pl.Series, column: str) -> pl.Series:
        return self._tokenise(values, self._personal[column]) if column in self._personal else values


def shortened(values: pl.Series) -> pl.Series:
    """Absurdly long values cut, with their length said."""
    length = values.str.len_chars()
    long = (length > LONGEST_VALUE).arg_true()
    if long.is_empty():
        return values
    cut = values.gather(long).str.slice(0, LONGEST_VALUE) + "… (" + length.gather(long).cast(pl.String) + " characters)"
    return values.clone().scatter(long, cut)
