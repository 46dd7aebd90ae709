"""Erasure requests with their audit entries, and the proof that they hold."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import polars as pl

from graph.erasure import Eraser, Target
from graph.erasures import Step
from graph.personal import PROSE, Vault
from yujing.searching import Search
from yujing.settings import Settings
from yujing.wiring import open_journal, open_ledger, open_vault

_KINDS = ("name", "id_number", "phone", "value", "address")


@dataclass(frozen=True)
class Check:
    """One thing that must hold, whether it does, and what was seen."""

    name: str
    holds: bool
    says: str


def erase(settings: Settings, find: Callable[[Eraser], Target], *, by: str, reason: str) -> dict[str, Any]:
    """Erases what `find` names and writes the audit entry; run again after a kill, it writes what is missing."""
    eraser = Eraser(open_ledger(settings), open_vault(settings))
    certificate = eraser.erase(find(eraser), by=by, reason=reason)
    _audit(settings, "person.erased", certificate["erasure"], by, certificate)
    return certificate


def lift(settings: Settings, erasure: str, *, by: str, reason: str) -> None:
    """Lifts an erasure, with its audit entry."""
    Eraser(open_ledger(settings), open_vault(settings)).lift(erasure, by=by, reason=reason)
    _audit(settings, "erasure.lifted", erasure, by, {"erasure": erasure, "reason": reason})


def verify(settings: Settings) -> list[Check]:
    """Everything that erasures promise. It needs the vault's key: without it no text can be held against a token."""
    vault = open_vault(settings)
    erased = vault.erasures.current()
    steps = list(vault.erasures.all().iter_rows(named=True))
    return [
        _finished(steps),
        _gone(vault, settings),
        _untouched(steps),
        _nowhere(vault, settings),
        *_audited(settings, steps),
        _since(settings, vault, sorted(erased.entities)),
    ]


def _audit(settings: Settings, action: str, subject: str, by: str, body: dict[str, Any]) -> None:
    with closing(open_journal(settings)) as journal:
        if not any(done == action for done, _ in journal.notes(subject)):
            journal.note(by, action, subject, body)


def _finished(steps: list[dict[str, Any]]) -> Check:
    asked = {row["erasure"] for row in steps if row["step"] == Step.ASKED}
    left = sorted(asked - {row["erasure"] for row in steps if row["step"] == Step.DONE})
    says = f"broken off: {', '.join(left)}; run the same command again" if left else f"{len(asked)} requests, all carried out"
    return Check("finished", not left, says)


def _gone(vault: Vault, settings: Settings) -> Check:
    """No file of the table of values, current or old, holds an erased one."""
    tokens = vault.erasures.current().tokens
    files = sorted((settings.ledger / "personal").rglob("*.parquet"))
    told = [file for file in files if "token" in pl.read_parquet_schema(file)]
    left = [
        file.name for file in told if pl.scan_parquet(file).filter(pl.col("token").is_in(list(tokens))).head(1).collect().height
    ]
    says = f"still in {', '.join(left)}" if left else f"{len(tokens)} values in none of {len(told)} files"
    return Check("gone", not left, says)


def _untouched(steps: list[dict[str, Any]]) -> Check:
    done = [json.loads(row["certificate"]) for row in steps if row["step"] == Step.DONE]
    odd = [each["erasure"] for each in done if each["remaining_before"] != each["remaining_after"]]
    return Check(
        "others_untouched", not odd, f"differs in {', '.join(odd)}" if odd else "what remained was the same before and after"
    )


def _nowhere(vault: Vault, settings: Settings) -> Check:
    kinds = tuple(sorted({*_KINDS, *vault.kinds()} - set(PROSE)))
    search = Search(vault, vault.erasures.current().tokens, kinds)
    found = [(str(path.relative_to(settings.home)), count) for path, count in search.under(settings.home)]
    elsewhere = bool(settings.journal_url)  # else it is a file under home
    if elsewhere:
        found += [(f"the journal's table {table}", count) for table, count in search.in_journal(settings.journal)]
    where = ", ".join(f"{place} ({count})" for place, count in found)
    nowhere = "in no file under home" + ", nor in the journal's database" * elsewhere
    return Check("nowhere", not found, f"stands openly in {where}" if found else nowhere)


def _audited(settings: Settings, steps: list[dict[str, Any]]) -> list[Check]:
    done = {row["erasure"]: row["certificate"] for row in steps if row["step"] == Step.DONE}
    with closing(open_journal(settings)) as journal:
        chain = journal.verify_audit()
        kept = {erasure: dict(journal.notes(erasure)).get("person.erased", "null") for erasure in done}
    odd = sorted(erasure for erasure, text in kept.items() if json.loads(text) != json.loads(done[erasure]))
    says = f"missing or different: {', '.join(odd)}" if odd else f"{len(done)} certificates, each as the audit has it"
    return [Check("audit_chain", chain.whole, chain.says), Check("certificates", not odd, says)]


def _since(settings: Settings, vault: Vault, entities: list[str]) -> Check:
    """New values of erased persons, which sources told later: news, not failures; a person may ask to have them erased too."""
    eraser = Eraser(open_ledger(settings), vault)
    since = [entity for entity in entities if vault.kept(eraser.person(entity).tokens)]
    says = (
        f"sources told new values of {', '.join(since)}; erase again" if since else "no source told new values of an erased person"
    )
    return Check("since", True, says)
