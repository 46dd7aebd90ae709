"""Writes a plain workbook fast and always with the same bytes (usual writers stamp the time into the file)."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl

_STAMP = (2026, 3, 31, 0, 0, 0)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_NUMBER = r"^-?\d+(\.\d+)?$"
_LONGEST_NUMBER = 15  # digits that a cell keeps; longer ones (codes) stay text


def write_xlsx(path: Path, sheets: Mapping[str, pl.DataFrame]) -> None:
    """One sheet a frame of strings; what reads as a number becomes a number cell, nulls become empty cells."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        parts = [f"/xl/worksheets/sheet{k + 1}.xml" for k in range(len(sheets))]
        _add(archive, "[Content_Types].xml", _content_types(parts))
        _add(archive, "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        names = "".join(f'<sheet name="{_escaped(name)}" sheetId="{k + 1}" r:id="rId{k + 1}"/>' for k, name in enumerate(sheets))
        workbook = f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
        _add(archive, "xl/workbook.xml", workbook)
        _add(archive, "xl/_rels/workbook.xml.rels", _relations([("worksheet", part) for part in parts]))
        for part, frame in zip(parts, sheets.values(), strict=True):
            _add(archive, part[1:], _sheet(frame))


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    info = zipfile.ZipInfo(name, _STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, text, compresslevel=1)


def _content_types(sheets: list[str]) -> str:
    base = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(f'<Override PartName="{part}" ContentType="{base}.worksheet+xml"/>' for part in sheets)
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{base}.sheet.main+xml"/>{overrides}</Types>'
    )


def _relations(targets: list[tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="rId{k + 1}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for k, (kind, target) in enumerate(targets)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _sheet(frame: pl.DataFrame) -> str:
    header = "".join(_text_cell(f"{_letters(k)}1", name) for k, name in enumerate(frame.columns))
    rows = frame.with_row_index("#", offset=2).select(
        pl.concat_str(
            pl.lit('<row r="'),
            pl.col("#"),
            pl.lit('">'),
            *(_cell(k, name) for k, name in enumerate(frame.columns)),
            pl.lit("</row>"),
        ).alias("row")
    )
    body = "".join(rows["row"].to_list())
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData><row r="1">{header}</row>{body}</sheetData></worksheet>'


def _cell(position: int, name: str) -> pl.Expr:
    value, place = pl.col(name), pl.concat_str(pl.lit(_letters(position)), pl.col("#"))
    escaped = value.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
    number = pl.concat_str(pl.lit('<c r="'), place, pl.lit('"><v>'), value, pl.lit("</v></c>"))
    text = pl.concat_str(
        pl.lit('<c r="'), place, pl.lit('" t="inlineStr"><is><t xml:space="preserve">'), escaped, pl.lit("</t></is></c>")
    )
    is_number = value.str.contains(_NUMBER) & (value.str.len_chars() <= _LONGEST_NUMBER)
    return pl.when(value.is_null()).then(pl.lit("")).when(is_number).then(number).otherwise(text)


def _text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{_escaped(text)}</t></is></c>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _letters(position: int) -> str:
    return (_letters(position // 26 - 1) if position >= 26 else "") + chr(ord("A") + position % 26)
