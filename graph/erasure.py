"""A person's right to be erased, carried out: the values go for good, their tokens stay, and a certificate says what was done.

The law: Personal Information Protection Law of the PRC (2021), article 47. The steps, each of which may be the last before a
kill: the request is written down (from here on nothing brings the values back), the values are deleted, the certificate is
written. Asked again, a request goes on where it stopped, and one that is done adds nothing.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graph.clock import from_us, now_us
from graph.erasures import Step
from graph.errors import InputError, NotFoundError
from graph.identity import records_of
from graph.ids import ENTITY_SEPARATOR, entity_id
from graph.ledger import Ledger
from graph.ontology import EntityType
from graph.personal import PROSE, Vault

_ID_NUMBER = "id_number"


@dataclass(frozen=True)
class Target:
    """Whom or what a request names: the person's tokens, and those of them that others bear too (they stay for them)."""

    entity: str
    tokens: tuple[str, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """A place in the ledger where tokens of a kind stand, and whose they are."""

    type: str
    owner: str  # the column that names the record
    column: str


class Eraser:
    """Finds and erases what a vault keeps of a person."""

    def __init__(self, ledger: Ledger, vault: Vault) -> None:
        self._ledger, self._vault = ledger, vault

    def person(self, entity: str) -> Target:
        """What is kept of one entity. NotFoundError where it was never told of; InputError where its type has nothing personal."""
        label, _, record = entity.partition(ENTITY_SEPARATOR)
        kind = self._ledger.ontology.entities.get(label)
        if kind is None or not any(p.personal for p in kind.properties) or not record:
            raise InputError(f"'{entity}' is no person's id.", "Give Person-<32 hex digits>, --token or --id-number -.", "person")
        records = set(records_of(self._ledger, entity))
        tokens = self._tokens_of(label, records)
        if not tokens and not self._known(label, records):
            raise NotFoundError(f"{entity} was never told of.", "Look the person up in the network of a firm.", "person")
        own, theirs = {(label, each) for each in records}, set[str]()
        for other, each in self._only_theirs(label, records):
            own.add((other, each))
            theirs |= self._tokens_of(other, {each})
        wanted = self._in_all_kinds(tokens | theirs)
        shared = {token for token in wanted if self._others(token, own)}
        return Target(entity, tuple(sorted(wanted - shared | self._in_prose(wanted - shared))), tuple(sorted(shared)))

    def value(self, token: str) -> Target:
        """One value, whoever bears it."""
        wanted = self._in_all_kinds({token})
        return Target("", tuple(sorted(wanted | self._in_prose(wanted))), ())

    def by_id_number(self, number: str) -> Target:
        """The person with an identity number; where the ledger knows none, the number alone."""
        return self.by_token(self._vault.token(number, _ID_NUMBER))

    def by_token(self, token: str) -> Target:
        """The person whose identity number a token stands for; for any other token, that value alone."""
        if not token.startswith("p:"):
            raise InputError(f"'{token}' is no token.", "Give p: and 32 hex digits, or --id-number -.", "token")
        for column in self._columns():
            if column.column in (_ID_NUMBER, "key") and (found := self._owners(column, token)):
                record = sorted(found)[0]
                return self.person(self._home(column.type, record))
        if not self._vault.kept([token]) and not self._vault.is_erased(token):
            raise NotFoundError(f"No value is kept under {token}.", "It may belong to another vault key.", "token")
        return self.value(token)

    def erase(self, target: Target, *, by: str, reason: str) -> dict[str, Any]:
        """Erases and returns the certificate; of a target that is erased already the certificate of then."""
        if not by.strip() or not reason.strip():
            raise InputError("Who erases, and why, must be said.", "Give --by and --reason.", "reason")
        self._check_words(target, by, reason)
        last = self._last(target)
        if last and last["step"] == Step.DONE and not self._vault.kept(target.tokens):
            found: dict[str, Any] = json.loads(last["certificate"])
            return found
        if last and last["step"] == Step.ASKED:  # a kill came between: some values may be gone, so what was asked then counts
            erasure = last["erasure"]
            target = Target(target.entity, tuple(sorted({*target.tokens, *last["tokens"]})), target.shared)
        else:
            erasure = f"E-{secrets.token_hex(8)}"
            self._vault.erasures.append(self._step(erasure, Step.ASKED, target, by, reason))
        before = self._vault.fingerprint(without=target.tokens)
        self._vault.erase(target.tokens)
        certificate = {
            "erasure": erasure,
            "entity": target.entity,
            "at": from_us(now_us()).isoformat(),
            "by": by,
            "reason": reason,
            "values": len(target.tokens),
            "tokens": list(target.tokens),
            "kept_for_others": list(target.shared),
            "rows_with_the_tokens": self._rows_naming(target.tokens),
            "remaining_before": before,
            "remaining_after": self._vault.fingerprint(without=target.tokens),
        }
        done = self._step(erasure, Step.DONE, target, by, reason)
        self._vault.erasures.append({**done, "certificate": json.dumps(certificate, ensure_ascii=False)})
        return certificate

    def lift(self, erasure: str, *, by: str, reason: str) -> None:
        """Lets the values of an erasure be kept again, once a source tells them again; it brings nothing back itself."""
        if not by.strip() or not reason.strip():
            raise InputError("Who lifts, and why, must be said.", "Give --by and --reason.", "reason")
        rows = [row for row in self._vault.erasures.all().iter_rows(named=True) if row["erasure"] == erasure]
        if not rows:
            raise NotFoundError(f"There is no erasure '{erasure}'.", "yujing erase list names them.", "erasure")
        if rows[-1]["step"] != Step.LIFTED:
            target = Target(rows[0]["entity"], tuple(rows[0]["tokens"]), tuple(rows[0]["shared"]))
            self._vault.erasures.append(self._step(erasure, Step.LIFTED, target, by, reason))

    # -- what is kept of a person -----------------------------------------------------------------------------------------

    def _columns(self) -> Iterator[_Column]:
        """Every column of the ledger in which a token may stand."""
        for kind in self._ledger.ontology.types.values():
            if (self._ledger.root / kind.name).is_dir():
                entity = isinstance(kind, EntityType)
                names = [p.name for p in kind.properties if p.personal] + (["key"] if entity else [])
                yield from (_Column(kind.name, "id" if entity else _owner(kind.name, self._ledger), name) for name in names)

    def _tokens_of(self, label: str, records: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for column in self._columns():
            if column.type == label:
                sql = f'SELECT DISTINCT "{column.column}" FROM ({self._ledger.sql(label)}) WHERE list_contains(?, id)'
                told = self._ledger.backend.con.execute(sql, [sorted(records)]).fetchall()
                found |= {value for (value,) in told if value and value.startswith("p:")}
        return found

    def _known(self, label: str, records: Iterable[str]) -> bool:
        sql = f"SELECT 1 FROM ({self._ledger.sql(label)}) WHERE list_contains(?, id) LIMIT 1"
        return bool(self._ledger.backend.con.execute(sql, [sorted(records)]).fetchall())

    def _only_theirs(self, label: str, records: set[str]) -> Iterator[tuple[str, str]]:
        """Records with personal values (phones, addresses) that are tied to nobody but these records."""
        personal = {e.name for e in self._ledger.ontology.entities.values() if any(p.personal for p in e.properties)} - {label}
        for name in self._ledger.ontology.relations:
            if not (self._ledger.root / name).is_dir():
                continue
            rows = self._ledger.sql(name)
            for near, far in (("src", "dst"), ("dst", "src")):
                sql = f"""
                    WITH tied AS (SELECT DISTINCT {far}_type AS type, {far} AS record FROM ({rows})
                        WHERE {near}_type = ? AND list_contains(?, {near}) AND list_contains(?, {far}_type))
                    SELECT type, record FROM tied WHERE NOT EXISTS (
                        SELECT 1 FROM ({rows}) r WHERE r.{far} = tied.record AND NOT list_contains(?, r.{near}))"""
                mine = sorted(records)
                yield from self._ledger.backend.con.execute(sql, [label, mine, sorted(personal), mine]).fetchall()

    def _in_all_kinds(self, tokens: set[str]) -> set[str]:
        """The same values wherever they are kept: a phone may be a contact's and a person's."""
        values = self._vault.reveal(tokens).values()
        also = {self._vault.token(value, kind) for value in values for kind in self._vault.kinds()}
        return tokens | self._vault.kept(also)

    def _in_prose(self, tokens: set[str]) -> set[str]:
        """Refused rows and unread cells that name one of the values."""
        return set(self._vault.holding(sorted(self._vault.reveal(tokens).values()), PROSE))

    def _others(self, token: str, own: set[tuple[str, str]]) -> bool:
        """Whether somebody else who is not erased bears the value."""
        erased = self._vault.erasures.current().entities
        for column in self._columns():
            for record in self._owners(column, token):
                if (column.type, record) not in own and self._home(column.type, record) not in erased:
                    return True
        return False

    def _owners(self, column: _Column, token: str) -> set[str]:
        sql = f'SELECT DISTINCT {column.owner} FROM ({self._ledger.sql(column.type)}) WHERE "{column.column}" = ?'
        return {record for (record,) in self._ledger.backend.con.execute(sql, [token]).fetchall()}

    def _home(self, label: str, record: str) -> str:
        moves = self._ledger.identity()
        told = moves.filter(moves.record == record).order_by(["recorded_at", "batch_seq"]).to_pyarrow()["entity"].to_pylist()
        return told[-1] if told else entity_id(label, record)

    def _rows_naming(self, tokens: Sequence[str]) -> dict[str, int]:
        """Rows of the ledger in which the tokens stay, by type."""
        found: dict[str, int] = {}
        for column in self._columns():
            sql = f'SELECT count(*) FROM ({self._ledger.sql(column.type)}) WHERE list_contains(?, "{column.column}")'
            ((rows,),) = self._ledger.backend.con.execute(sql, [list(tokens)]).fetchall()
            found[column.type] = found.get(column.type, 0) + rows
        return {name: rows for name, rows in found.items() if rows}

    # -- the table of erasures --------------------------------------------------------------------------------------------

    def _last(self, target: Target) -> dict[str, Any] | None:
        """The last step of a request for the same person, or the same values."""
        steps = [row for row in self._vault.erasures.all().iter_rows(named=True) if _same(row, target)]
        return steps[-1] if steps and steps[-1]["step"] != Step.LIFTED else None

    @staticmethod
    def _step(erasure: str, step: Step, target: Target, by: str, reason: str) -> dict[str, Any]:
        told = {"erasure": erasure, "at": now_us(), "step": str(step), "entity": target.entity}
        return {**told, "tokens": list(target.tokens), "shared": list(target.shared), "by": by, "reason": reason}

    def _check_words(self, target: Target, by: str, reason: str) -> None:
        """The certificate is kept for good, so it must not say what is to be forgotten."""
        values = self._vault.reveal((*target.tokens, *target.shared)).values()
        if any(value in text for value in values for text in (by, reason)):
            raise InputError("The reason names what is to be erased.", "Say it without the person's name or numbers.", "reason")


def _same(row: dict[str, Any], target: Target) -> bool:
    return bool(row["entity"] == target.entity if target.entity else set(row["tokens"]) >= set(target.tokens))


def _owner(name: str, ledger: Ledger) -> str:
    """A fact is its subject's, a relation its source's."""
    return "subject" if name in ledger.ontology.facts else "src"
