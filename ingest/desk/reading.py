"""How a batch's rows were read: its manifest as it stood then, and which cells are not to be shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from graph.ontology import Ontology
from graph.personal import ERASED, PROSE, WHOLE_ROW, Vault, mask
from ingest.desk.shelf import Case, Shelf
from ingest.manifest import Manifest, read_manifest
from ingest.plan import YieldPlan, plan_file
from ingest.readers import format_of
from ingest.stage import Source


@dataclass(frozen=True)
class Reading:
    """One batch's manifest, held against today's ontology (which only ever grows)."""

    manifest: Manifest
    hash: str
    plans: dict[int, tuple[YieldPlan, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, shelf: Shelf, batch: str, ontology: Ontology) -> "Reading":
        manifest, text_hash = read_manifest(shelf.root / batch / "manifest.yaml")
        return cls(manifest, text_hash, {n: plan_file(manifest, n, ontology) for n in range(len(manifest.files))})

    def source(self, case: Case, number: int = 0) -> Source:
        """The source that a refused row came from, as a load has it; never full, as some of its rows tell nothing of the others."""
        used = frozenset(self.manifest.files[case.source].columns)
        return Source(number, case.at.file, case.at.sheet, self.plans[case.source], False, case.source, used)

    def delimiter(self, place: int) -> str:
        """What separates the fields of a text file."""
        spec = self.manifest.files[place]
        return spec.delimiter or ("\t" if format_of(Path(spec.path), spec.format) == "tsv" else ",")


@dataclass(frozen=True)
class Glass:
    """Shows cells as a person may see them: personal ones masked, or as they are for whoever may see them."""

    values: dict[str, str]
    open: bool

    @classmethod
    def over(cls, cases: Iterable[tuple[Case, Source]], vault: Vault, *, reveal: bool) -> "Glass":
        """Looks up, once, all tokens of these rows."""
        tokens = {
            cell for case, source in cases for cell, kind in zip(case.cells, kinds_of(case, source), strict=False) if kind and cell
        }
        tokens |= {case.text for case, source in cases if case.text and source.personal}
        return cls(vault.reveal(tokens) if tokens else {}, reveal)

    def cell(self, cell: str, kind: str) -> str:
        """One cell. An erased value says that it was."""
        if not kind or not cell:
            return cell
        value = self.values.get(cell)
        if value is None:
            return ERASED
        if self.open:
            return value
        return "****" if kind in PROSE else mask(value, kind)

    def text(self, case: Case, source: Source) -> str:
        """A row that could not be cut."""
        return self.cell(case.text, WHOLE_ROW if source.personal else "")


def kinds_of(case: Case, source: Source) -> tuple[str, ...]:
    """For each cell the kind under which it is sealed; empty: it is open."""
    return tuple(source.hidden_kind(name) for name in case.header)
