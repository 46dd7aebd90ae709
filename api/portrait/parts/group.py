"""The groups that the firm is filed in, their members, and what they owe together; then what the knowledge table adds."""

from api.firms import row_of
from api.portrait.about import MOST_ITEMS, About, PartKind, derived, told
from api.wire.parts import Figure, Item, Part
from graph.reach import Figures

_COMPUTED = derived("group", "集团", "group_members")


def read(about: About) -> Part:
    """`owed_fen` is what all members of the filed groups owe the bank, each counted once; null where none is filed."""
    filed = about.rows("MEMBER_OF", "src")
    members = about.rows("MEMBER_OF", "dst", [row["dst"] for row in filed]) if filed else []
    firms = sorted({row["src"] for row in members})
    owed = Figures(about.day.rows.rows).owed(firms) if firms else {}
    parties = about.parties(row["src"] for row in members[:MOST_ITEMS])
    shown = tuple(
        Item(
            kind="MEMBER_OF",
            party=parties[row["src"]],
            figures=(
                *told(about, "MEMBER_OF", row, ("role",)),
                Figure(name="owed_fen", zh="余额", unit="fen", value=owed.get(row["src"])),
            ),
            row=row_of("MEMBER_OF", row),
        )
        for row in members[:MOST_ITEMS]
    )
    figures = (
        Figure(name="members", zh="成员数", unit="count", value=len(firms)),
        Figure(name="owed_fen", zh="集团合计余额", unit="fen", value=sum(owed.values()) if owed else None),
    )
    computed = _COMPUTED.read(about)
    return computed.model_copy(
        update={
            "computed": computed.computed or bool(filed),
            "figures": figures,
            "items": (*shown, *computed.items),
            "left_out": computed.left_out + max(len(members) - MOST_ITEMS, 0),
        }
    )


PART = PartKind("group", "集团", ("MEMBER_OF",), read)
