"""Files as sources: found by name, folder or pattern, in an order that is the same everywhere."""

from collections.abc import Iterator
from pathlib import Path

from graph.errors import InputError
from ingest.manifest import SourceFile
from ingest.readers.chunk import Chunk
from ingest.readers.delimited import Dialect, read_delimited
from ingest.readers.ending import without_footer
from ingest.readers.excel import read_excel, sheet_names
from ingest.readers.json_lines import read_json_lines
from ingest.readers.origin import Mark, Surroundings
from ingest.readers.parquet import read_parquet

_SUFFIXES = {
    **{".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"},
    **{".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".xlsb": "xlsb", ".ods": "ods"},
}
_WORKBOOKS = frozenset({"xlsx", "xls", "xlsb", "ods"})
_PASSING = (".", "~$")  # hidden files, and what Excel leaves beside an open workbook


class FileInput:
    """One file, or one sheet of it."""

    def __init__(self, spec: SourceFile, path: Path, name: str, sheet: str = "") -> None:
        self._spec, self._path, self.file = spec, path, path
        self.name, self.sheet = name, sheet
        self.size = path.stat().st_size
        self.remarks: list[str] = []

    def __str__(self) -> str:
        return f"{self._path}, sheet {self.sheet}" if self.sheet and self._spec.sheets else str(self._path)

    def chunks(self) -> Iterator[Chunk]:
        """Its rows, without the footer."""
        return without_footer(read_chunks(self._path, self._spec, self.sheet, self.remarks), self._spec, str(self), self.remarks)

    def mark(self) -> Mark | None:
        """A file is read whole each time."""
        return None


def find_files(spec: SourceFile, around: Surroundings) -> tuple[list[FileInput], list[str]]:
    """The files (and sheets) of one manifest entry, and remarks. InputError where there is none, unless it is optional."""
    found = next((files for folder in around.folders if (files := _matching(folder, spec.path))), [])
    if not found:
        said = _nothing(spec.path, around)
        if spec.optional:
            return [], [said]
        raise InputError(said, "Put it there, set YUJING_DATA, or declare optional: true.", "path")
    inputs = []
    for path in found:
        name = _name(path, around)
        sheets = sheet_names(path, spec.sheet, spec.sheets) if format_of(path, spec.format) in _WORKBOOKS else [""]
        inputs += [FileInput(spec, path, name, sheet) for sheet in sheets]
    return inputs, []


def format_of(path: Path, declared: str) -> str:
    """The format a file is read as: declared, else by its name (`.gz` aside)."""
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return declared or _SUFFIXES.get(plain.suffix.lower(), "csv")


def read_chunks(path: Path, spec: SourceFile, sheet: str = "", remarks: list[str] | None = None) -> Iterator[Chunk]:
    """The rows of one file, as declared, footer and all; what is worth a look goes to `remarks`."""
    form = format_of(path, spec.format)
    if form in _WORKBOOKS:
        return read_excel(path, sheet or spec.sheet, spec.header_rows, spec.header_separator)
    if len(spec.header_rows) > 1:
        raise InputError(f"{path}: only a workbook's header may stand on several rows.", "Give one header_row.", "header_row")
    match form:
        case "parquet":
            return read_parquet(path)
        case "jsonl":
            return read_json_lines(path, spec, [] if remarks is None else remarks)
    delimiter = spec.delimiter or ("\t" if form == "tsv" else ",")
    return read_delimited(path, Dialect(delimiter, spec.quote, spec.encoding, spec.header_rows[0]))


def _matching(folder: Path, told: str) -> list[Path]:
    if any(c in told for c in "*?["):
        base = Path(told)
        root, pattern = (Path(base.anchor), str(base.relative_to(base.anchor))) if base.anchor else (folder, told)
        return _in_order(root.glob(pattern))
    path = folder / told
    if path.is_dir():
        return _in_order(path.iterdir())
    return [path] if path.is_file() else []


def _in_order(paths: Iterator[Path]) -> list[Path]:
    return sorted((path for path in paths if path.is_file() and not path.name.startswith(_PASSING)), key=Path.as_posix)


def _nothing(told: str, around: Surroundings) -> str:
    folder = next((folder / told for folder in around.folders if (folder / told).is_dir()), None)
    if folder is not None:
        return f"{folder}: there is no file in this folder."
    kind = "file that fits" if any(c in told for c in "*?[") else "such file"
    return f"{told}: there is no {kind}, neither beside the manifest nor under {around.data_root}."


def _name(path: Path, around: Surroundings) -> str:
    """What lineage calls a file: its path from where it was found, the same on every machine."""
    for folder in around.folders:
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()
