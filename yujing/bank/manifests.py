"""The manifest that reads what was written: as it stands in the examples where it fits, else fitted to the files that there are."""

from pathlib import Path
from typing import Any

import yaml

import yujing
from yujing.bank.parts import numbered
from yujing.bank.plan import BankPlan

MANIFEST = Path(yujing.__file__).parent.parent / "examples" / "invented-bank" / "manifest.yaml"
_INDICATORS = "outside/月度经营指标.xlsx"  # a sheet a year


class _Plain(yaml.SafeDumper):
    """Writes everything out: nothing refers to a part that may have been left out."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def manifest_text(plan: BankPlan, places: set[tuple[str, str]]) -> str:
    """The manifest for files and sheets (`places`: path as planned, sheet); parts of a large bank are read by pattern."""
    text = MANIFEST.read_text("utf-8")
    whole = yaml.safe_load(text)
    if plan.societies == 1 and places == {(file["path"], file.get("sheet", "")) for file in whole["files"]}:
        return text
    files = [{**file, "path": _path(plan, file["path"])} for file in _with_years(whole["files"], places) if _place(file) in places]
    head = f"# 虚构银行 the invented bank: {plan.firms:,} firms\n"
    return head + yaml.dump(whole | {"files": files}, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=130)


def _place(file: dict[str, Any]) -> tuple[str, str]:
    return file["path"], file.get("sheet", "")


def _path(plan: BankPlan, path: str) -> str:
    return path if plan.societies == 1 else numbered(path, "*")


def _with_years(files: list[dict[str, Any]], places: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """The files, in which the workbook of indicators has a sheet for every year that was written."""
    years = sorted(sheet for path, sheet in places if path == _INDICATORS)
    first = next(k for k, file in enumerate(files) if file["path"] == _INDICATORS)
    others = [file for file in files if file["path"] != _INDICATORS]
    return [*others[:first], *({**files[first], "sheet": year} for year in years), *others[first:]]
