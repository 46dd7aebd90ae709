"""Constants of a manifest, read once before any row: one that cannot be read would refuse every row, and has no column to name."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from graph.clock import now_us
from graph.errors import InputError
from ingest.cells import Cells
from ingest.plan import Field, YieldPlan
from ingest.reasons import Reason


def check_constants(plans: Sequence[YieldPlan], time_zone: str) -> None:
    """InputError names the yield, the field and the reason."""
    cells = Cells(pl.DataFrame({"": [""]}), time_zone, lambda values, _: values, {})
    for plan in plans:
        for field, text in _constants(plan):
            told = field.value.model_copy(update={"constant": text, "cases": ()})
            if reason := _wrong(cells, replace(field, value=told, personal=False)):
                said = f"manifest: {plan.type_name}.{field.name}: the constant '{text}' cannot be used ({reason})."
                raise InputError(said, reason.sentence, field.name)


def _constants(plan: YieldPlan) -> Iterator[tuple[Field, str]]:
    for field in (*plan.fields, plan.valid_from, plan.valid_to, plan.recorded_at, plan.currency):
        if field is not None and field.value.constant is not None:
            yield field, field.value.constant
        elif field is not None:
            yield from ((field, case.then) for case in field.value.cases if case.then)


def _wrong(cells: Cells, field: Field) -> Reason | None:
    if field.name == "currency":
        read, _ = cells.currency(field)
    else:
        read = cells.read(field)
    reasons = [reason for _, reason in read.problems if reason is not Reason.CHECK_DIGIT or field.value.check]
    if field.name == "recorded_at" and not reasons and (read.values > now_us()).any():
        return Reason.DATE_RANGE
    return reasons[0] if reasons else None
