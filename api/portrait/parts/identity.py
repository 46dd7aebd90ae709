"""Who the firm is, and which files tell of it."""

from api.firms import row_of
from api.portrait.about import About, PartKind, told
from api.wire.parts import Figure, Item, Part

_COLUMNS = ("name", "uscc", "lei", "size", "industry", "region", "status", "state_owned", "listed", "registered_capital_fen")
_THEN = ("established_on", "branch", "officer")


def read(about: About) -> Part:
    """As last known; then each file behind the page with how many of its rows."""
    firm = about.gathered.firm
    item = Item(kind="Firm", figures=told(about, "Firm", firm, (*_COLUMNS, *_THEN)), row=row_of("Firm", firm))
    files = tuple(
        Item(
            kind="source",
            figures=(
                Figure(name="feed", zh="数据源", unit="text", value=source.feed),
                Figure(name="file", zh="文件", unit="text", value=source.file),
                Figure(name="rows", zh="行数", unit="count", value=source.rows),
            ),
        )
        for source in about.gathered.sources()
    )
    return Part(name=PART.name, zh=PART.zh, items=(item, *files))


PART = PartKind("identity", "身份与来源", ("Firm",), read)
