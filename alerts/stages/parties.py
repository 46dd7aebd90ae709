"""Who is meant: a party by entity id, credit code or exact name, as known on the desk's day."""

from typing import Any
from unicodedata import normalize

from stdnum.cn import uscc as uscc_number
from stdnum.exceptions import ValidationError

from alerts.facts.base import FactBase
from alerts.requests import Party
from alerts.said import FirmRef
from graph.errors import InputError, NotFoundError

FactRow = dict[str, Any]
"""The facts of one firm by name, as `firm_facts` gives them."""


def find_firm(base: FactBase, party: Party, field: str) -> FactRow | None:
    """The facts of the firm that is meant, or None where the bank does not know it.

    InputError for a party without any name, identifiers of different firms, a wrong credit code or a name of several firms;
    NotFoundError for an unknown id.
    """
    if not party.label:
        raise InputError(f"{field} names nobody.", "Give id, uscc or name.", field)
    if party.id:
        try:
            found: FactRow | None = one_row(base, party.id)
        except NotFoundError as problem:
            raise NotFoundError(problem.message, problem.fix, f"{field}.id") from None
    elif party.uscc:
        found = _by_code(base, party.uscc, f"{field}.uscc")
    else:
        return _row(base, "name = $asked", party.name, f"{field}.name")
    if found:
        _agree(found, party, field)
    elif party.name and (named := _row(base, "name = $asked", party.name, f"{field}.name")):
        _agree(named, party, field)
    return found


def _agree(found: FactRow, party: Party, field: str) -> None:
    """InputError where another identifier that was given is of somebody else."""
    for name, asked in (("uscc", party.uscc.upper()), ("name", normalize("NFKC", party.name))):
        known = normalize("NFKC", found[name] or "")
        if asked and known and asked != known:
            message = f"{field}: '{party.label}' and {name} '{asked}' are not the same firm."
            raise InputError(message, "Give one of them, or the right one.", f"{field}.{name}")


def ref(row: FactRow) -> FirmRef:
    """The firm as an alert names it."""
    return FirmRef(row["firm"], row["name"] or "", row["uscc"] or "")


def one_row(base: FactBase, firm_id: str) -> FactRow:
    """All facts of one firm by name."""
    row = _row(base, "firm = $asked", firm_id, "")
    if row is None:
        raise NotFoundError(f"No firm '{firm_id}' is known on {base.as_of}.", "Name it by id, credit code or exact name.", "firm")
    return row


def _by_code(base: FactBase, code: str, field: str) -> FactRow | None:
    try:
        clean = uscc_number.validate(code)
    except ValidationError:
        raise InputError(
            f"'{code}' is no valid unified social credit code.", "Check its 18 characters and the check digit.", field
        ) from None
    return _row(base, "uscc = $asked", clean, field)


def _row(base: FactBase, where: str, asked: str, field: str) -> FactRow | None:
    with base.cursor() as cursor:
        found: list[FactRow] = cursor.sql(f"FROM facts WHERE {where} LIMIT 2", params={"asked": asked}).to_arrow_table().to_pylist()
    if len(found) > 1:
        raise InputError(f"'{asked}' means several firms.", "Give the entity id.", field)
    return found[0] if found else None
