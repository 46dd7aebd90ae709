"""A repair killed at any step that leaves something on disk, and run again, ends as if it had not been."""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graph.ledger import Ledger, delta
from graph.personal import Vault
from ingest.desk import Shelf, actions
from ingest.desk.repair import Repairer
from ingest.parts import PartWriter
from ingest.quarantine import Quarantine
from tests.ingest.desk.office import Office, edit
from tests.ingest.world import firms

_KILLED = 9


def _repair(home: Path, workbook: Path, fatal_step: int) -> None:
    steps = 0

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == fatal_step:
                os._exit(_KILLED)
            return function(*arguments, **named)

        return stepped

    places = ((delta, "append"), (actions, "append"), (PartWriter, "_write"), (Quarantine, "write"), (Quarantine, "write_summary"))
    for owner, name in places:
        setattr(owner, name, around(getattr(owner, name)))
    ledger, vault = Ledger.open(home / "ledger"), Vault.open(home / "ledger", home / "keys" / "personal.key")
    Repairer(Shelf(home / "quarantine"), ledger, vault, "李").repair(workbook)
    if fatal_step > steps:
        os._exit(_KILLED)
    (home / "steps").write_text(str(steps), "utf-8")


def _run(home: Path, workbook: Path, fatal_step: int = 0) -> int:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_repair, args=(home, workbook, fatal_step))
    process.start()
    process.join(120)
    return process.exitcode or 0


def _end(home: Path, batch: str) -> tuple[object, ...]:
    """What counts at the end: the ledger's rows, where each refused row stands, the history, the batches' counts."""
    ledger, shelf = Ledger.open(home / "ledger"), Shelf(home / "quarantine")
    told = (
        ledger.table("Firm").select("key", "registered_capital_fen", "file", "line", "batch", "batch_seq").to_pyarrow().to_pylist()
    )
    ledger.close()
    counts = [(s["batch"], s["rows"], s["batch_seq"]) for s in shelf.summaries()]
    cases = [(str(c.at), str(c.status)) for s in shelf.summaries() for c in shelf.cases(s["batch"])]
    done = shelf.actions.all().drop("at").rows()
    return sorted(told, key=repr), counts, cases, done


def test_a_repair_killed_at_every_step_and_run_again_ends_the_same(office: Office, tmp_path: Path) -> None:
    office.inbox.put("firms.csv", "客户号,名称,注册资本\n1,甲,100\n2,乙,两百\n3,丙,x\n4,丁,y\n")
    batch = office.inbox.load(firms()).batch
    workbook = edit(office.download(batch), line3_注册资本="200", line4_注册资本="还是不对")
    unharmed = tmp_path / "unharmed"
    shutil.copytree(office.inbox.home, unharmed)
    assert _run(unharmed, workbook) == 0
    expected = _end(unharmed, batch)
    steps = int((unharmed / "steps").read_text("utf-8"))
    assert steps >= 5
    for fatal in range(1, steps + 2):
        home = tmp_path / f"killed{fatal}"
        shutil.copytree(office.inbox.home, home)
        assert _run(home, workbook, fatal) == _KILLED
        ledger, vault = Ledger.open(home / "ledger"), Vault.open(home / "ledger", home / "keys" / "personal.key")
        Repairer(Shelf(home / "quarantine"), ledger, vault, "李").repair(workbook)
        ledger.close()
        assert _end(home, batch) == expected, fatal
