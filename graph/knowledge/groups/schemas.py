"""The tables of connected clients. Money is fen of CNY; days are dates; ids are entity ids unless said otherwise."""

import pyarrow as pa

GROUP_CLIENTS = pa.schema(
    [
        ("group", pa.string()),  # `Group-…`, of its head: stays while the head does
        ("name", pa.string()),
        ("head", pa.string()),  # the top controller, a firm or a person; the lead firm where nobody controls
        ("lead", pa.string()),  # the firm that stands for the group
        ("members", pa.int64()),
        ("exposure_fen", pa.int64()),  # of its members at this bank
    ]
)
"""Group clients (集团客户): two firms and more."""

GROUP_MEMBERS = pa.schema(
    [
        ("group", pa.string()),
        ("firm", pa.string()),
        ("limb", pa.int64()),  # 1 to 4: of article 3 of 商业银行集团客户授信业务风险管理指引 (2010)
        (
            "reason",
            pa.string(),
        ),  # controls, controlled, same_controller, same_person, kin, family, filed, or a confirmed proposal's kind
        ("other", pa.string()),  # by whom: the controller, the kin, the filed group
        ("strength", pa.float64()),  # of control the votes commanded, else 1
        ("path", pa.list_(pa.string())),  # ids of the relations that prove it
        ("certain", pa.bool_()),  # false: pending, not counted in group_clients
        ("proposal", pa.string()),  # id, where it is or was one
    ]
)
"""One row for each firm of a group and each reason. A firm is in one group; only pending rows may name a second."""

GROUP_STARS = pa.schema(
    [
        ("src", pa.string()),
        ("dst", pa.string()),
        ("group", pa.string()),
        ("limb", pa.int64()),
        ("certain", pa.bool_()),
    ]
)
"""Each member to the lead firm of its group."""

GROUP_FINDINGS = pa.schema(
    [
        ("finding", pa.string()),  # filed_without_tie, computed_unfiled, filed_apart, nominee
        ("firm", pa.string()),
        ("other", pa.string()),  # the filed group, or the person
        ("group", pa.string()),
    ]
)
"""Filed groups against computed ones, and persons who control more firms than one does for himself."""

PROPOSALS = pa.schema(
    [
        ("id", pa.string()),  # of kind, dependent and on: the same on every day
        ("dependent", pa.string()),  # a firm
        ("on", pa.string()),  # the firm or person that it depends on, or is tied to
        (
            "kind",
            pa.string(),
        ),  # sales, purchases, guarantee, repayment; of group ties key_officer, kin_unclear, nominee, filed_contradicted
        ("share", pa.float64()),  # what was measured; null where nothing can be (no net assets, a tie)
        ("threshold", pa.float64()),
        (
            "first_known",
            pa.date32(),
        ),  # the day its newest evidence was known; readers count `due` from the day it was first proposed
        ("due", pa.date32()),  # an officer decides by then
        (
            "required",
            pa.bool_(),
        ),  # exposure over the share of tier 1 from which it must be examined; null where capital is not told
        ("evidence", pa.list_(pa.string())),  # ids of relations and facts
        ("evidence_type", pa.string()),
        ("status", pa.string()),  # pending, confirmed, rejected: as said by the end of the day
    ]
)
"""What an officer confirms or rejects: economic dependence (经济依存客户), and ties that may make a group (limb 4)."""

CONNECTED_CLIENTS = pa.schema(
    [
        ("set", pa.string()),  # the group's id, or `Set-…` of the firm on which the others depend
        ("kind", pa.string()),  # group, dependence, both
        ("member", pa.string()),
        ("through", pa.string()),  # control, or the proposal (id) by which it is in
        ("pending", pa.bool_()),  # only through what is not decided yet
        ("exposure_fen", pa.int64()),  # of the member
    ]
)
"""Connected clients (关联客户): a group, and whoever depends on a member of it. A firm may be in several sets, once in each.

The exposure of a set is the sum over its rows; without what is pending, over those that are not `pending`.
"""

EXPOSURES = pa.schema([("firm", pa.string()), ("exposure_fen", pa.int64())])
"""What each firm owes this bank, where it owes anything."""
