"""What a manifest wanted of a cell, and how it may be mended: for one issue of one refused row."""

from collections.abc import Iterator
from dataclasses import dataclass

import stdnum.cn.uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from ingest.clean import FLAGS
from ingest.desk.shelf import Issue
from ingest.plan import Field, YieldPlan
from ingest.reasons import Reason

_WORDS = 40


@dataclass(frozen=True)
class Hint:
    """`wanted`: what the manifest declares; `fix`: what to do, in Chinese and English."""

    wanted: tuple[str, ...]
    fix: str


def hint_for(issue: Issue, plans: tuple[YieldPlan, ...]) -> Hint:
    """The hint for one issue, from the fields and keys that read its column."""
    wanted = tuple(
        dict.fromkeys([*(said for field in _fields(issue.column, plans) for said in _wanted(field)), *_keys(issue, plans)])
    )
    return Hint(wanted, _fix(issue, list(_fields(issue.column, plans))))


def _fields(column: str, plans: tuple[YieldPlan, ...]) -> Iterator[Field]:
    for plan in plans:
        clocks = (plan.valid_from, plan.valid_to, plan.recorded_at, plan.currency)
        for field in (*(clock for clock in clocks if clock), *plan.fields):
            if column in field.value.columns:
                yield field


def _wanted(field: Field) -> Iterator[str]:
    yield f"{field.name}: {field.kind}{', required' if field.required else ''}"
    words = list(field.value.values) or list(field.choices)
    if words:
        yield f"words: {', '.join(words[:_WORDS])}{' …' if len(words) > _WORDS else ''}"
    if field.kind in ("day", "instant"):
        yield f"date forms: {', '.join(field.dates)}"
    if field.kind in ("money", "share", "number"):
        yield f"unit: {field.unit}"
    if field.check:
        yield f"check digit: {field.check}"


def _keys(issue: Issue, plans: tuple[YieldPlan, ...]) -> Iterator[str]:
    for plan in plans:
        for end in plan.ends:
            if issue.column in end.key:
                yield f"key of {end.type} in source {end.source}" + (f", check digit: {end.check}" if end.check else "")


def _fix(issue: Issue, fields: list[Field]) -> str:  # noqa: PLR0911
    value = issue.value
    match issue.reason:
        case Reason.CHECK_DIGIT:
            return right_digits(value)
        case Reason.UNKNOWN_VALUE:
            words = [w for field in fields for w in (list(field.value.values) or list(field.choices) or list(FLAGS))]
            return f"改为下列之一。Write one of: {', '.join(dict.fromkeys(words[:_WORDS]))}."
        case Reason.NOT_A_DATE | Reason.DATE_RANGE:
            forms = dict.fromkeys(str(form) for field in fields for form in field.dates)
            return f"按所声明的写法填写日期。Write the day as one of: {', '.join(forms)}."
        case Reason.SHARE_RANGE:
            return _share(value, fields)
        case Reason.NOT_WHOLE:
            return "金额精确到分，或由清单声明round: true。Give the amount in whole fen, or declare round: true in the manifest."
        case Reason.MISSING_VALUE:
            return "补填该单元格。Fill the cell."
        case Reason.UNKNOWN_CURRENCY:
            return "填写ISO 4217代码，如CNY。Write an ISO 4217 code, such as CNY."
        case Reason.UNKNOWN_END:
            return f"先导入说明{value}的文件，再以--retry重试。Load the file that tells of {value} first, then repair with --retry."
        case Reason.CONFLICT:
            return (
                "同批有互相矛盾的行：改正或驳回其中之一，其余以--retry重试。Mend or dismiss all but one of the rows, then --retry."
            )
        case Reason.SUPERSEDED:
            return (
                "后来的说法已入账：通常应驳回本行；确需覆盖则用--override。Usually dismiss this row; --override says it after all."
            )
        case Reason.FIELD_COUNT | Reason.STRAY_QUOTE:
            return "在工作簿中逐格填写该行。Fill the row's cells in the workbook."
    return "改正该单元格。Mend the cell."


def right_digits(code: str) -> str:
    """What the check digit would be if all other characters were right."""
    plain = "".join(code.split()).upper()
    try:
        if len(plain) == 18:
            right = plain[:17] + stdnum.cn.uscc.calc_check_digit(plain[:17])
        elif len(plain) == 20:
            right = plain[:18] + mod_97_10.calc_check_digits(plain[:18])
        else:
            return f"应为18位（LEI为20位），现为{len(plain)}位。A credit code has 18 characters, an LEI 20 (this one {len(plain)})."
    except (ValidationError, ValueError, KeyError):
        return "含有不允许的字符。It holds a character that no code may have."
    return f"若其余各位无误，应为{right}。If all else is right, it would be {right}; ask the source before you write it."


def _share(value: str, fields: list[Field]) -> str:
    plain = value.rstrip("%‰").strip().replace(",", "")
    try:
        number = float(plain)
    except ValueError:
        number = -1.0
    if 1 < number <= 100 and any(field.unit == "1" for field in fields):
        return (
            f"疑为百分数：{number / 100:g}。Perhaps a percentage: {number / 100:g}; if all are, declare unit: '%' in the manifest."
        )
    return "比例须在0与1（0%与100%）之间。A share lies between 0 and 1 (0% and 100%)."
