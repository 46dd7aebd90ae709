"""What is remembered of each delivery. A committed batch keeps it in its summary; what changed nothing, or was refused, is kept
in `ledger/attempts`, a Delta table beside the batches, since it has no batch."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from graph.clock import now_us
from graph.errors import InputError
from graph.ledger import Ledger
from graph.ledger.delta import append
from ingest.manifest import Manifest, SourceFile, read_manifest

_ATTEMPTS = pa.schema(
    [
        pa.field("at", pa.int64()),
        pa.field("ledger_seq", pa.int64()),
        pa.field("feed", pa.string()),
        pa.field("outcome", pa.string()),  # nothing_new, refused; of a file whose header changed: header
        pa.field("reason", pa.string()),
        pa.field("deliveries", pa.string()),
    ]
)


class HeaderChangedError(InputError):
    """The header of a file (`spec`) has a column more, or one fewer, than its manifest bears with."""

    def __init__(self, message: str, fix: str, field: str, spec: SourceFile) -> None:
        super().__init__(message, fix, field)
        self.spec = spec


@dataclass(frozen=True)
class FileTold:
    """One file (or pattern of files, or sheet) of a delivery. `columns` and `content` are hashes; `types` what it fills."""

    title: str
    path: str
    sheet: str
    rows: int
    columns: str
    content: str
    types: tuple[str, ...]
    full: bool
    expected: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "types": list(self.types)}


def told_of(manifest: Manifest, spec: SourceFile, columns: Sequence[str] = (), rows: int = 0, content: str = "") -> FileTold:
    """What a manifest's file was on one delivery; the manifest's own expectation holds where the file has none."""
    expected = spec.expected or manifest.expected
    named = "\x1f".join(sorted(columns))
    types = {getattr(each, kind) for each in spec.yields for kind in ("entity", "relation", "fact") if hasattr(each, kind)}
    return FileTold(
        title=manifest.title,
        path=spec.called,
        sheet=spec.sheet,
        rows=rows,
        columns=hashlib.sha256(named.encode()).hexdigest()[:16] if columns else "",
        content=content,
        types=tuple(sorted(types)),
        full=spec.feed == "full",
        expected=expected.model_dump(mode="json") if expected else None,
    )


def content_hash(paths: Sequence[Path]) -> str:
    """One hash over the bytes of these files, in their order."""
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:32]


def remember_idle(ledger: Ledger, manifest: Manifest, deliveries: Sequence[dict[str, Any]]) -> None:
    """A delivery came that told nothing new, so that no batch says that it came."""
    _remember(ledger, manifest, "nothing_new", "", deliveries)


@contextmanager
def refusals(ledger: Ledger, path: Path, *, dry_run: bool) -> Iterator[None]:
    """Remembers that a load was refused, and why; a manifest that cannot be read names no feed and is no delivery."""
    try:
        yield
    except InputError as refused:
        if not dry_run:
            try:
                manifest = read_manifest(path)[0]
            except InputError:
                raise refused from None
            guilty = refused.spec if isinstance(refused, HeaderChangedError) else None
            files = [
                told_of(manifest, spec).to_json() | {"outcome": "header" if spec == guilty else "refused"}
                for spec in manifest.files
            ]
            _remember(ledger, manifest, "refused", refused.message, files)
        raise


def attempts(ledger: Ledger) -> list[dict[str, Any]]:
    """Every attempt that is no batch, in the order of time."""
    folder = ledger.root / "attempts"
    if not (folder / "_delta_log").is_dir():
        return []
    rows: list[dict[str, Any]] = DeltaTable(str(folder)).to_pyarrow_table().sort_by("at").to_pylist()
    return rows


def _remember(ledger: Ledger, manifest: Manifest, outcome: str, reason: str, deliveries: Sequence[dict[str, Any]]) -> None:
    row = {
        "at": now_us(),
        "ledger_seq": ledger.latest_seq,
        "feed": manifest.name,
        "outcome": outcome,
        "reason": reason,
        "deliveries": json.dumps(list(deliveries), ensure_ascii=False, sort_keys=True),
    }
    append(ledger.root / "attempts", pa.Table.from_pylist([row], _ATTEMPTS))
