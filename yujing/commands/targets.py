"""`yujing targets`: what models can be trained to foretell, as declared."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from models.targets import Target

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON value")]
_STATUS = {"regulation": "监管 regulation", "to-confirm": "待核 to confirm", "house": "行内 house"}
_UNIT = {"firm": "企业 firm", "loan_note": "借据 loan note"}


def register(app: typer.Typer) -> None:
    """Adds `targets list|show`."""
    targets = typer.Typer(name="targets", help="What models foretell, as declared. 预测目标", no_args_is_help=True)
    targets.command("list", help="Every target with its version and horizons.")(list_targets)
    targets.command("show", help="One target: who is a positive, by which rule, and who is no row.")(show)
    app.add_typer(targets)


def list_targets(as_json: AsJson = False) -> None:
    """The shipped ones, then the bank's own."""
    found = _targets()
    if as_json:
        print(json.dumps([_brief(target) for target in found.values()], ensure_ascii=False))
        return
    table = Table("target", "版本 version", "目标 what", "单位 unit", "天数 horizons", "digest")
    for t in found.values():
        horizons = ", ".join(str(h) for h in t.horizons)
        table.add_row(t.name, str(t.version), f"{t.zh} {t.en}", _UNIT[t.unit], horizons, t.digest)
    console = Console()
    console.print(table)
    console.print("Next: yujing targets show NAME, then yujing train --target NAME --horizon DAYS")


def show(name: str, as_json: AsJson = False) -> None:
    """Limbs or ends with source, cure and SQL."""
    from graph.errors import NotFoundError

    found = _targets()
    if name not in found:
        raise NotFoundError(f"There is no target '{name}'.", f"Declared: {', '.join(found)}.", "target")
    target = found[name]
    if as_json:
        print(json.dumps({**target.model_dump(mode="json"), "digest": target.digest}, ensure_ascii=False))
        return
    console = Console()
    console.print(f"[bold]{target.zh} {target.en}[/] (version {target.version}, {target.digest}): {target.why.zh} {target.why.en}")
    if target.worse:
        console.print(f"不评 not scored, and counted too: {', '.join(target.worse)}")
    table = Table("", "规则 rule", "依据 source", "性质 status", "治愈期 cure")
    for each in (*target.limbs, *target.ends):
        days = getattr(each, "cure_days", None)
        cure = "" if days is None else "never" if days >= _NEVER else f"{days} days, {_STATUS[getattr(each, 'cure', 'house')]}"
        table.add_row(each.name, f"{each.zh} {each.en}", each.source, _STATUS[each.status], cure)
    console.print(table)
    for done in target.interventions:
        console.print(f"干预 intervention: {done.zh} {done.en} ({done.name})")


_NEVER = 36_500


def _targets() -> dict[str, "Target"]:
    from models.targets import targets_of
    from yujing.wiring import open_ledger

    return targets_of(open_ledger(Settings()).ontology)


def _brief(target: "Target") -> dict[str, object]:
    told: dict[str, object] = target.model_dump(mode="json", include={"name", "version", "unit", "zh", "en", "horizons"})
    return {**told, "digest": target.digest}
