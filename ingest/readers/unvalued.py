"""Cells of an .xlsx that hold no value: an error (`#N/A`), or a formula that no program has worked out yet.

The reader of workbooks gives both as empty. They are told here as words that begin with `#`, so that a load refuses them
(`ingest.unreadable`) and a header or an unread column may still hold them.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, iterparse

from ingest.unreadable import NOT_WORKED_OUT

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TELLING = re.compile(rb'\bt="e"|<(?:\w+:)?f[\s/>]')
_BLOCK = 1 << 20
_PLACE = re.compile(r"([A-Z]+)(\d+)")

Place = tuple[int, int]
"""Row and column, from 0."""


def unvalued(path: Path, sheet: str) -> dict[Place, str]:
    """What such cells of a sheet are to say; nothing for a workbook of another format, which keeps them otherwise."""
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, sheet)
        if not member:
            return {}
        with archive.open(member) as told:
            if not _may_have(told):
                return {}
        with archive.open(member) as told:
            return dict(_cells(told))


def _member(archive: zipfile.ZipFile, sheet: str) -> str:
    """Where in the archive a sheet stands; empty where this is no .xlsx."""
    book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {book, links} <= set(archive.namelist()):
        return ""
    with archive.open(book) as told:
        link = next((e.get(_RELATION) for _, e in iterparse(told) if _is(e, "sheet") and e.get("name") == sheet), None)
    with archive.open(links) as told:
        target = next((e.get("Target", "") for _, e in iterparse(told) if _is(e, "Relationship") and e.get("Id") == link), "")
    member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return member if member in archive.namelist() else ""


def _may_have(told: IO[bytes]) -> bool:
    """A quick look at the text: most sheets have neither."""
    rest = b""
    while block := told.read(_BLOCK):
        if _TELLING.search(rest + block):
            return True
        rest = block[-16:]
    return False


def _cells(told: IO[bytes]) -> Iterator[tuple[Place, str]]:
    row, column = -1, -1
    for event, element in iterparse(told, ("start", "end")):
        if event == "start":
            if _is(element, "row"):
                row, column = int(element.get("r", row + 2)) - 1, -1
        elif _is(element, "c"):
            row, column = _place(element, row, column + 1)
            if said := _said(element):
                yield (row, column), said
        elif _is(element, "row"):
            element.clear()


def _place(cell: Element, row: int, column: int) -> Place:
    """By its address where it has one."""
    found = _PLACE.fullmatch(cell.get("r", ""))
    if not found:
        return row, column
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    return int(found[2]) - 1, number - 1


def _said(cell: Element) -> str:
    value = next((part.text for part in cell if _is(part, "v")), None)
    if cell.get("t") == "e":
        return value or "#N/A"
    formula = next((part for part in cell if _is(part, "f")), None)
    worked_out = value or cell.get("t") == "str"  # a text that is empty is a result too
    return "" if formula is None or worked_out else f"{NOT_WORKED_OUT} ={formula.text or ''}"


def _is(element: Element, name: str) -> bool:
    """Whatever prefix the writer chose."""
    return element.tag.rpartition("}")[2] == name
