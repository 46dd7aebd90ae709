"""The score table: one run is seen whole or not at all, and its parts add up."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graph.errors import InputError
from models.scores import SCORE_SCHEMA, ScoreBook


def rows(run_id: str, firms: list[str], as_of: date, **changes: Any) -> pa.Table:
    base: dict[str, Any] = {
        "run_id": run_id,
        "as_of": as_of,
        "ledger_seq": 7,
        "horizon_days": 180,
        "has_credit": True,
        "probability": 0.5,
        "log_odds": 0.0,
        "own": -0.25,
        "contagion": 0.25,
        "top_relations": [{"type": "GUARANTEES", "way": "out", "rel": "r1", "other": "Firm-b", "contribution": 0.25}],
        "top_features": [{"name": "leverage", "value": 0.7, "contribution": 0.1, "zh": "杠杆", "en": "leverage"}],
        "model": "gnn",
        "model_version": "1",
        "feature_version": "f0",
        "calibration": "platt a=1 b=0",
        "shadow": False,
        "recorded_at": 1,
    } | changes
    return pa.Table.from_pylist([base | {"firm": firm} for firm in firms], schema=SCORE_SCHEMA)


def test_an_empty_book_has_no_runs_and_no_rows(tmp_path: Path) -> None:
    book = ScoreBook(tmp_path / "scores")
    assert book.latest().num_rows == 0
    assert book.runs().num_rows == 0
    assert book.firm("Firm-a").schema == SCORE_SCHEMA


def test_the_latest_run_is_that_of_the_newest_day_and_a_past_day_still_answers(tmp_path: Path) -> None:
    book = ScoreBook(tmp_path / "scores")
    march, april = date(2026, 3, 31), date(2026, 4, 30)
    assert book.append(rows("april", ["Firm-a"], april, recorded_at=1)) == 1
    book.append(rows("march, scored later", ["Firm-b", "Firm-a"], march, recorded_at=2))
    assert book.latest()["run_id"].to_pylist() == ["april"]
    assert book.latest(march)["firm"].to_pylist() == ["Firm-a", "Firm-b"]
    assert book.latest(date(2026, 1, 1)).num_rows == 0
    assert book.runs()["firms"].to_pylist() == [1, 2]
    assert book.firm("Firm-a")["as_of"].to_pylist() == [april, march]
    assert book.latest().schema == SCORE_SCHEMA
    assert book.latest()["top_relations"][0].as_py()[0]["other"] == "Firm-b"


def test_a_shadow_run_is_kept_but_is_never_the_score(tmp_path: Path) -> None:
    book = ScoreBook(tmp_path / "scores")
    book.append(rows("champion", ["Firm-a"], date(2026, 3, 31)))
    book.append(rows("challenger", ["Firm-a"], date(2026, 4, 30), shadow=True))
    assert book.latest()["run_id"].to_pylist() == ["champion"]
    assert book.latest(shadow=True)["run_id"].to_pylist() == ["challenger"]


@pytest.mark.parametrize(
    ("changes", "names"),
    [({"contagion": 0.26}, "contagion"), ({"probability": float("nan")}, "probability"), ({"own": None}, "own")],
)
def test_a_score_whose_parts_do_not_add_up_is_refused(tmp_path: Path, changes: dict[str, Any], names: str) -> None:
    with pytest.raises(InputError) as refused:
        ScoreBook(tmp_path).append(rows("r", ["Firm-a"], date(2026, 3, 31), **changes))
    assert refused.value.field == names


def test_a_firm_stands_once_in_a_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="twice"):
        ScoreBook(tmp_path).append(rows("r", ["Firm-a", "Firm-a"], date(2026, 3, 31)))
