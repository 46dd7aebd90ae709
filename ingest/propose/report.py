"""What a person, or a machine, sees of a draft: per source its types, per column where it goes, why, and how surely."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ingest.propose.doubts import doubts_of
from ingest.propose.guesses import SURE, Draft, FileDraft, Guess


@dataclass(frozen=True)
class Line:
    """One column in one place; `place` is empty where it is ignored."""

    column: str
    place: str
    score: float | None
    why: str


def lines_of(file: FileDraft) -> list[Line]:
    """Every column of a source, in its order, once for each place it goes to."""
    found: dict[str, list[Line]] = {column: [] for column in file.profiles}
    for place, guess in _places(file):
        if not any(line.place == place for line in found[guess.column]):
            found[guess.column].append(Line(guess.column, place, guess.score, guess.why))
    for each in file.yields:
        for column in each.identity.columns if each.identity else ():
            if not found[column] and each.identity:
                found[column].append(Line(column, f"{each.kind.name} 行标识 identity", None, each.identity.why))
        if each.when and not found[each.when[0]]:
            found[each.when[0]].append(Line(each.when[0], f"{each.kind.name} when", None, "says whose key it is"))
    for column, why in file.ignored.items():
        found[column].append(Line(column, "", None, why))
    return [line for lines in found.values() for line in lines]


def _places(file: FileDraft) -> Iterator[tuple[str, Guess]]:
    for each in file.yields:
        for role, end in each.ends.items():
            yield f"{each.kind.name} {'key' if role == 'id' else f'{role} {end.type}'}", end
        yield from ((f"{each.kind.name}.{name}", guess) for name, guess in each.properties.items())
    for each in file.yields:
        yield from ((clock, guess) for clock, guess in each.clocks.items() if guess.column)
        if each.currency:
            yield "currency", each.currency


def print_draft(draft: Draft, target: Path, console: Console) -> None:
    """One table a source, then where the draft is and what to do with it."""
    for file in draft.files:
        look = file.look
        types = ", ".join(dict.fromkeys(each.kind.name for each in file.yields)) or "不明 unknown"
        seen = "" if look.whole else f" ({look.frame.height:,} 行已看 looked at)"
        table = Table(title=f"{look.label} → {types}; {look.rows:,} 行 rows{seen}", title_justify="left")
        for heading in ("列 column", "去处 where", "把握 sure", "理由 why"):
            table.add_column(heading, overflow="fold")
        for line in lines_of(file):
            sure = "" if line.score is None else f"{line.score:.2f}"
            style = "dim" if not line.place else "yellow" if line.score is not None and line.score < SURE else ""
            table.add_row(*map(_plain, (line.column, line.place or "忽略 ignored", sure, line.why)), style=style)
        console.print(table)
    for each in draft.aside:
        console.print(f"未看 set aside: {each.name}: {each.reason}", markup=False, style="dim", soft_wrap=True)
    console.print(f"草稿 draft: {target}; 请确认 to confirm: {len(doubts_of(draft))}", markup=False, soft_wrap=True)
    console.print(f"下一步 next: yujing ingest {target} --dry-run", markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def to_json(draft: Draft, target: Path) -> dict[str, Any]:
    """The same for a machine."""
    return {
        "name": draft.name,
        "manifest": str(target),
        "files": [
            {
                "source": file.look.name,
                "sheet": file.look.sheet,
                "rows": file.look.rows,
                "rows_looked_at": file.look.frame.height,
                "types": [each.kind.name for each in file.yields],
                "columns": [
                    {"column": line.column, "where": line.place, "confidence": line.score and round(line.score, 3), "why": line.why}
                    for line in lines_of(file)
                ],
            }
            for file in draft.files
        ],
        "confirm": [asdict(doubt) for doubt in doubts_of(draft)],
        "set_aside": [{"source": each.name, "reason": each.reason} for each in draft.aside],
    }
