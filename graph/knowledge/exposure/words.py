"""What an officer reads of limits, Chinese first."""

Said = tuple[str, str]
"""Chinese, English."""

LEVELS: dict[str, Said] = {
    "within": ("在限额内", "within the limit"),
    "near": ("已达预警线", "at the warning line or above"),
    "over": ("超过限额", "over the limit"),
    "not_determinable": ("无法判定：有外币未折算", "cannot be judged: a foreign amount is not counted"),
    "no_capital_figure": ("没有当日资本数据", "no capital figure for that day"),
}

CAPITAL: dict[str, Said] = {
    "no_capital_figure": ("没有当日资本数据", "no capital figure for that day"),
    "several_capital_figures": (
        "有多家机构的资本数据，无法确定本行",
        "capital figures of several firms: which is the bank is not told",
    ),
    "capital_not_in_cny": ("资本数据不是人民币", "the capital figure is not in CNY"),
}

FIGURES: dict[str, Said] = {
    "net_capital": ("资本净额(元)", "net capital, CNY"),
    "tier1": ("一级资本净额(元)", "net tier 1 capital, CNY"),
    "net_capital_last_quarter": ("上季末资本净额(元)", "net capital at the end of last quarter, CNY"),
}

COMPONENTS: dict[str, Said] = {
    "drawn": ("贷款余额", "drawn"),
    "off_balance": ("表外余额", "off-balance"),
    "undrawn": ("未使用额度", "undrawn line"),
}

GROUPS: dict[str, Said] = {
    "group_client": ("集团客户", "group client"),
    "connected": ("关联客户", "connected clients"),
    "connected_with_pending": ("关联客户（含待认定）", "connected clients, with what awaits an officer's word"),
    "related": ("本行关联方", "related party of the bank"),
    "related_group": ("关联方所在集团", "group of a related party"),
    "related_all": ("全部关联方", "all related parties"),
}

STATUS: dict[str, Said] = {
    "confirmed": ("已核对", "seen in a public text"),
    "to-confirm": ("待核对", "to confirm"),
    "house": ("本行规定", "house rule"),
}

NOT_GROUPED: Said = ("当日尚未推算关联客户，未计入", "connected clients were not computed for that day and are left out")


def no_rate(currency: str) -> Said:
    """A rate that is missing is said and never guessed."""
    return f"没有{currency}当日汇率，未折算", f"no rate for {currency} on that day: not counted"
