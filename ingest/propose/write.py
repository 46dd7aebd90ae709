"""A draft as the text of a manifest: every guess with its confidence and reason beside it, for a person to read."""

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from graph.ontology import EntityType, FactType
from ingest.propose.doubts import FITS, backfilled, no_value_for, perhaps, says_full
from ingest.propose.guesses import SURE, ClockGuess, Draft, EndGuess, FileDraft, Guess, PropertyGuess, YieldDraft

_CONFIRM = "请确认 confirm"
_HEAD = """\
# 清单草稿 a draft manifest by `yujing propose`. 每一项猜测旁注明把握与理由；读过、改过之后再导入。
# Every guess has its confidence (0 to 1) and its reason beside it; what is marked '{confirm}' needs a person's yes.
# Ingest reads what stands here and guesses nothing. Try it: yujing ingest {file} --dry-run
"""


def manifest_text(draft: Draft, target: Path) -> str:
    """The manifest as it is to stand at `target`; paths are relative to its folder where they lie below it."""
    lines = [_HEAD.format(confirm=_CONFIRM, file=target.name), f"name: {draft.name}"]
    if draft.ontology:
        lines.append(f"ontology: {_scalar(os.path.relpath(draft.ontology, target.parent))}")
    if backfilled(draft):
        lines.append(f"backfill: assumed   # {_CONFIRM}: recorded_at is taken from columns; without it, the day of loading counts")
    lines += [f"defaults: {{source: {draft.name}}}   # who hands out numbers that no other system's keys hold", "files:"]
    for file in draft.files:
        lines += _file(file, target)
    lines += [f"# 未看 set aside: {each.name}: {each.reason}" for each in draft.aside]
    return "\n".join(lines) + "\n"


def _file(file: FileDraft, target: Path) -> Iterator[str]:
    look = file.look
    seen = "all" if look.whole else f"{look.frame.height:,} of about {look.rows:,}"
    yield ""
    yield f"  # -- {look.label}: {look.rows:,} rows, {seen} looked at"
    for note in look.notes:
        yield f"  # {_CONFIRM}: {note}"
    if not file.yields:
        yield f"  # {_CONFIRM}: no type of the ontology fits; columns: {', '.join(file.profiles)}"
        return
    yield f"  - {_place(file, target)}"
    if look.sheet:
        yield f"    sheet: {_scalar(look.sheet)}"
    if look.encoding not in ("", "utf-8"):
        yield f"    encoding: {look.encoding}"
    if look.delimiter not in ("", ",") and not (look.delimiter == "\t" and ".tsv" in look.name.lower()):
        yield f"    delimiter: {_quoted(look.delimiter)}"
    if len(look.header_rows) > 1:
        yield f"    header_row: {list(look.header_rows)}   # merged cells: names are joined from top to bottom"
    elif look.header_rows != (1,):
        yield f"    header_row: {look.header_rows[0]}   # {look.header_rows[0] - 1} lines of titles above"
    yield f"    feed: delta   # {_feed(file)}"
    if file.ignored:
        yield "    ignore:"
        yield from (f"      - {_scalar(column)}   # {why}" for column, why in file.ignored.items())
    yield "    yields:"
    for place, each in enumerate(file.yields):
        yield from _yield(file, each, last=place == len(file.yields) - 1)


def _place(file: FileDraft, target: Path) -> str:
    table = file.look.table
    if table:
        where = f"url: {_scalar(table.url)}" if table.url else f"database: {_scalar(table.database)}"
        return f"sql: {{{where}, table: {_scalar(table.table)}}}"
    path = (file.look.path or Path(file.look.name)).absolute()
    base = target.parent.absolute()
    return f"path: {_scalar(path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix())}"


def _feed(file: FileDraft) -> str:
    if says_full(file):
        return f"{_CONFIRM}: the name says full; `full` ends whatever the file no longer tells"
    return "only what is told changes; `full` would end whatever the file no longer tells"


def _yield(file: FileDraft, each: YieldDraft, *, last: bool) -> Iterator[str]:
    group = "entity" if isinstance(each.kind, EntityType) else "fact" if isinstance(each.kind, FactType) else "relation"
    doubt = "" if each.score >= FITS else f" {_CONFIRM}"
    yield f"      - {group}: {each.kind.name}   # {each.kind.zh};{doubt} {each.why}"
    if each.when:
        yield from _when(*each.when, each)
    for role, end in each.ends.items():
        yield from _end(role, end)
    if each.identity:
        word = "key" if each.identity.unique else "identify_by"
        yield f"        {word}: [{', '.join(map(_scalar, each.identity.columns))}]   # {each.identity.why}"
    for clock, told in each.clocks.items():
        yield f"        {clock}: {_clock(told)}   # {_said(told)}"
    if each.currency:
        yield f"        currency: {_scalar(each.currency.column)}   # {_said(each.currency)}"
    possible = perhaps(file, each)
    if each.properties:
        yield "        properties:"
    elif possible and last:
        yield "        # properties:"
    for name, guess in each.properties.items():
        yield f"          {name}: {_property(guess)}   # {_said(guess)}"
        yield from (f"          # {text}: {guess.values[text]}, since it holds {word}" for text, word in guess.loosely.items())
        if guess.unmatched:
            yield f"          # {_CONFIRM}: {no_value_for(guess)}"
    for guess in possible:
        yield f"          # {guess.prop.name}: {_property(guess)}   # {guess.score:.2f} {_CONFIRM}: {guess.why}"


def _when(column: str, word: str | None, each: YieldDraft) -> Iterator[str]:
    if word is None:
        yield f"        when: {{column: {_scalar(column)}, empty: false}}   # some rows name none"
    else:
        types = " and ".join(end.type for end in each.ends.values())
        yield f"        when: {{column: {_scalar(column)}, equals: {_quoted(word)}}}   # rows with it name {types}"


def _end(role: str, end: EndGuess) -> Iterator[str]:
    said = f"   # {_said(end)}"
    personal = f", personal: {end.personal}" if end.personal else ""
    if role == "id":
        yield f"        source: {_scalar(end.source)}"
        yield f"        key: {_scalar(end.column)}{said}"
        if end.personal:
            yield f"        personal: {end.personal}"
    else:
        yield f"        {role}: {{type: {end.type}, source: {_scalar(end.source)}, key: {_scalar(end.column)}{personal}}}{said}"


def _said(guess: Guess) -> str:
    return f"{guess.score:.2f}{'' if guess.score >= SURE else ' ' + _CONFIRM}: {guess.why}"


def _clock(guess: ClockGuess) -> str:
    if guess.constant:
        return f"{{constant: {guess.constant}}}"
    return f"{{column: {_scalar(guess.column)}, dates: {_forms(guess.dates)}}}"


def _property(guess: PropertyGuess) -> str:
    parts = [f"column: {_scalar(guess.column)}"]
    parts += [f"unit: {_quoted(guess.unit)}"] if guess.unit else []
    parts += [f"dates: {_forms(guess.dates)}"] if guess.dates else []
    parts += ["round: true"] if guess.rounded else []
    if guess.values:
        parts.append(f"values: {{{', '.join(f'{_quoted(text)}: {value}' for text, value in guess.values.items())}}}")
    return _scalar(guess.column) if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def _forms(dates: tuple[str, ...]) -> str:
    forms = [_quoted(str(form)) for form in dates]
    return forms[0] if len(forms) == 1 else f"[{', '.join(forms)}]"


def _quoted(text: str) -> str:
    """Text that YAML reads back as it stands, whatever it is."""
    return yaml.safe_dump(str(text), allow_unicode=True, default_style='"', width=10**6).strip()


def _scalar(text: str) -> str:
    """As plainly as YAML allows; inside braces and brackets too."""
    plain = yaml.safe_dump([str(text)], allow_unicode=True, default_flow_style=True, width=10**6).strip()
    return plain[1:-1]
