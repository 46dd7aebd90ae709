"""Each complex read of FinBench on a graph of its data says what an independent reading of the files says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from yujing.settings import Settings

ROOT = Path(__file__).parents[2]
DATA = (ROOT / Settings().data).resolve() / "finbench-sf0.01"


@pytest.mark.skipif(not DATA.is_dir(), reason="the FinBench data are not here")
def test_the_twelve_reads_are_what_the_files_say(tmp_path: Path) -> None:
    environment = os.environ | {"YUJING_HOME": str(tmp_path), "YUJING_DATA": str(DATA.parent), "YUJING_STORE": "ladybug"}
    steps = (
        ["yujing", "ingest", "examples/finbench/manifest.yaml"],
        ["yujing", "graph", "build"],
        ["examples.finbench_reads", "--sample", "8"],
    )
    codes = []
    for step in steps:
        ran = subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        codes.append(ran.returncode)
    assert codes == [3, 0, 0], ran.stdout + ran.stderr  # seven rows are quarantined
