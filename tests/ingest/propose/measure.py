"""How far a draft says of each column what a manifest written by hand says of it.

A column's *roles* are what its cells are used for: property of a type, key of an entity, end of a relation (with the end's type),
subject of a fact, clock of the row (valid_from, valid_to, recorded_at), currency, condition; one that only tells rows apart has
the role `identity`, one that is not used `ignored`. A column is *right* if the draft uses it, and for nothing that the hand-written
manifest does not; or if both ignore it. It is *exact* if the roles are the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from ingest.manifest import EntityYield, FactYield, Manifest, RelationYield, SourceFile, Yield
from ingest.propose.guesses import Draft, FileDraft, YieldDraft

Roles = frozenset[str]
_IGNORED, _IDENTITY = frozenset({"ignored"}), frozenset({"identity"})


@dataclass(frozen=True)
class ColumnResult:
    file: str
    column: str
    truth: Roles
    drafted: Roles

    @property
    def right(self) -> bool:
        return self.exact or (bool(self.drafted) and self.drafted not in (_IGNORED, _IDENTITY) and self.drafted <= self.truth)

    @property
    def exact(self) -> bool:
        return self.drafted == self.truth


@dataclass(frozen=True)
class Measured:
    columns: tuple[ColumnResult, ...]

    @property
    def right(self) -> float:
        return sum(c.right for c in self.columns) / len(self.columns)

    @property
    def exact(self) -> float:
        return sum(c.exact for c in self.columns) / len(self.columns)

    @property
    def found(self) -> float:
        """Roles of the hand-written manifest that the draft has too."""
        return sum(len(c.truth & c.drafted) for c in self.columns) / sum(len(c.truth) for c in self.columns)

    def table(self) -> str:
        """Right and exact columns by file, and every wrong one."""
        lines = []
        for file in dict.fromkeys(c.file for c in self.columns):
            own = [c for c in self.columns if c.file == file]
            lines.append(f"{file}: {sum(c.right for c in own)}/{len(own)} right, {sum(c.exact for c in own)} exact")
            lines += [f"    {c.column}: drafted {sorted(c.drafted)}, truth {sorted(c.truth)}" for c in own if not c.right]
        lines.append(
            f"all: {len(self.columns)} columns, {self.right:.1%} right, {self.exact:.1%} exact, {self.found:.1%} of roles found"
        )
        return "\n".join(lines)


def measure(draft: Draft, manifest: Manifest) -> Measured:
    """Every column of every drafted file that the manifest reads too. KeyError for a file that it does not."""
    return Measured(
        tuple(
            ColumnResult(file.look.label, column, _true_roles(_spec(manifest, file), column), _drafted_roles(file, column))
            for file in draft.files
            for column in file.profiles
        )
    )


def _spec(manifest: Manifest, file: FileDraft) -> SourceFile:
    name = Path(file.look.name).name
    for spec in manifest.files:
        if fnmatch(name, PurePosixPath(spec.path).name) and (not file.look.sheet or spec.sheet == file.look.sheet):
            return spec
    raise KeyError(file.look.label)


def _settled(roles: set[str]) -> Roles:
    """`identity` counts only where it is all that a column is for."""
    rest = roles - _IDENTITY
    return frozenset(rest or roles or _IGNORED)


def _true_roles(spec: SourceFile, column: str) -> Roles:
    return _settled({role for each in spec.yields for role in _of_yield(each, column)})


def _of_yield(each: Yield, column: str) -> Iterator[str]:
    clocks = {"valid_from": each.valid_from, "valid_to": each.valid_to, "recorded_at": each.recorded_at, "currency": each.currency}
    yield from (clock for clock, value in clocks.items() if value and column in value.columns)
    yield from ("when" for condition in each.when if condition.column == column)
    match each:
        case EntityYield():
            kind = each.entity
            yield from (f"{kind} key",) if column in each.key else ()
        case RelationYield():
            kind = each.relation
            yield from (f"{kind} {role} {end.type}" for role, end in (("src", each.src), ("dst", each.dst)) if column in end.key)
        case FactYield():
            kind = each.fact
            yield from (f"{kind} subject {each.subject.type}",) if column in each.subject.key else ()
    yield from (f"{kind}.{name}" for name, value in each.properties.items() if column in value.columns)
    if not isinstance(each, EntityYield) and column in (each.key or each.identify_by or ()):
        yield "identity"


def _drafted_roles(file: FileDraft, column: str) -> Roles:
    return _settled({role for each in file.yields for role in _of_draft(each, column)})


def _of_draft(each: YieldDraft, column: str) -> Iterator[str]:
    kind = each.kind.name
    yield from (clock for clock, guess in each.clocks.items() if guess.column == column)
    yield from ("currency",) if each.currency and each.currency.column == column else ()
    yield from ("when",) if each.when and each.when[0] == column else ()
    for role, guess in each.ends.items():
        if guess.column == column:
            yield f"{kind} key" if role == "id" else f"{kind} {role} {guess.type}"
    yield from (f"{kind}.{name}" for name, guess in each.properties.items() if guess.column == column)
    yield from ("identity",) if each.identity and column in each.identity.columns else ()
