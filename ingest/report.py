"""What a person sees of a load: a bar while it runs for long, tables when it is done."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.result import Counts, IngestResult

_QUIET_SECONDS = 2.0
_STRETCHES = {"read": "读取与检查 read and check", "compare": "比对 compare", "write": "入账 write"}


class LiveProgress:
    """A Rich bar on standard error, shown once a load has run for two seconds."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", total=None)
        self._began = time.monotonic()
        self._shown = False

    def __enter__(self) -> "LiveProgress":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown:
            self._bar.stop()

    def begin(self, what: str, total: int) -> None:
        """A stretch begins; a total of 0 says that its length is not known."""
        self._bar.reset(self._task, description=_STRETCHES.get(what, what), total=total or None)
        self._show()

    def reach(self, done: int) -> None:
        """So far in this stretch."""
        self._bar.update(self._task, completed=done)
        self._show()

    def _show(self) -> None:
        if not self._shown and time.monotonic() - self._began > _QUIET_SECONDS:
            self._bar.start()
            self._shown = True


def print_result(result: IngestResult, console: Console) -> None:
    """Counts of rows and records, reasons, warnings, and where to look further."""
    console.print(_counts_table(result))
    for reason, count in result.reasons.items():
        console.print(f"  {reason}: {count}", markup=False)
    if result.again:
        console.print(f"  其中此前已隔离 refused before, unchanged: {result.again:,}", markup=False)
    for warning in result.warnings:
        console.print(f"注意 warning: {warning}", markup=False, style="yellow", soft_wrap=True)
    console.print(_closing_words(result), markup=False, soft_wrap=True)
    if result.quarantine and result.rows.quarantined:
        console.print(f"下一步 next: yujing quarantine list --batch {result.batch}", markup=False, soft_wrap=True)


def _counts_table(result: IngestResult) -> Table:
    table = Table(title=f"{result.feed}  {result.batch}", title_justify="left")
    table.add_column("", overflow="fold")
    for heading in ("读取\nread", "接受\naccepted", "重复\nduplicate", "隔离\nquarantined"):
        table.add_column(heading, justify="right")
    _add(table, "行 rows", result.rows, "bold")
    table.add_section()
    for name, counts in result.types.items():
        _add(table, name, counts)
    return table


def _add(table: Table, name: str, counts: Counts, style: str = "") -> None:
    numbers = (counts.read, counts.accepted, counts.duplicate, counts.quarantined)
    table.add_row(name, *(f"{number:,}" for number in numbers), style=style)


def _closing_words(result: IngestResult) -> str:
    said = [f"{name} stubs: {count:,}" for name, count in result.stubs.items()]
    said += [f"{name} closed: {count:,}" for name, count in result.closed.items()]
    if result.tidied:
        said.append(f"cells tidied: {result.tidied:,}")
    if result.dry_run:
        said.append("试运行，未写入 dry run: nothing was written")
    elif result.batch_seq is None:
        said.append("无新内容 nothing new: no batch was committed")
    else:
        said.append(f"batch_seq {result.batch_seq}")
    if result.quarantine and result.rows.quarantined:
        said.append(f"隔离 quarantine: {result.quarantine}")
    return f"{'; '.join(said)}. {result.seconds:.1f} s"
