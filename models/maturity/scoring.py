"""How the notes that fall due about so many days ahead will end: one run, kept in an append-only table."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pyarrow as pa
from deltalake import write_deltalake

from graph.clock import now_us
from graph.errors import InputError
from graph.snapshot import Snapshot
from models.features import build_features
from models.maturity.models import Ends, VectorScaling
from models.maturity.notes import due_notes
from models.registry import Registered


def score_notes(registered: Registered, snapshot: Snapshot, root: Path) -> pa.Table:
    """A row a note: run_id, note, firm, due_on, as_of, …, `p_END` for each end; appended to the table under `root`.

    InputError: no note falls due then, or the model was trained on another target or other features.
    """
    manifest = registered.manifest
    target = manifest.check_target(snapshot.ontology)
    if target is None or target.unit != "loan_note":
        raise InputError(
            f"{manifest.name} {manifest.version} does not foretell how notes end.", "See `yujing models list`.", "model"
        )
    notes = due_notes(snapshot, build_features(snapshot), target, manifest.horizon_days)
    manifest.check(notes)
    if not len(notes):
        said = f"No note of a performing firm falls due about {manifest.horizon_days} days after {snapshot.as_of}."
        raise InputError(said, "Take another --as-of.", "as_of")
    names = [end.name for end in target.ends]
    scaling = VectorScaling(manifest.calibration["a"], tuple(manifest.calibration[f"b.{name}"] for name in names))
    told = scaling.probability(cast(Ends, registered.model).log_probability(notes.values))
    count = len(notes)
    run = f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(4)}"
    same = {
        "run_id": run,
        "as_of": snapshot.as_of,
        "ledger_seq": snapshot.ledger_seq,
        "horizon_days": manifest.horizon_days,
        "model": manifest.name,
        "model_version": manifest.version,
        "feature_version": notes.version,
        "target": target.name,
        "target_version": target.version,
        "recorded_at": now_us(),
    }
    columns = {"note": notes.notes, "firm": notes.firms, "due_on": pa.array(notes.due_on).cast(pa.date32())}
    columns |= {f"p_{name}": pa.array(told[:, code]) for code, name in enumerate(names)}
    columns |= {name: pa.array([value] * count) for name, value in same.items()}
    rows = pa.table(columns)
    root.mkdir(parents=True, exist_ok=True)
    write_deltalake(root, rows, mode="append", schema_mode="merge", partition_by=["run_id"])
    return rows
