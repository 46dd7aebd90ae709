"""What the ends of money are called, Chinese first: shown on pages and terminals, documented in docs/flows.md."""

Said = tuple[str, str]
"""Chinese, English."""

ENDS: dict[str, Said] = {
    "unspent": ("尚在借款人账户", "not paid out of the borrower's own accounts"),
    "borrower": ("资金回流借款人", "came back to the borrower: a round trip"),
    "group": ("流入借款人所在集团", "to the borrower's own group or controller"),
    "guarantor": ("流入保证人", "to a guarantor of the borrower"),
    "repaid": ("归还本行贷款", "repaid a loan of this bank"),
    "other_loan": ("归还他行或其他贷款", "to another loan"),
    "property": ("流入房地产", "into property"),
    "securities": ("流入证券、理财或股权", "into securities or equity"),
    "private_lending": ("流入民间借贷", "lent on privately"),
    "cash": ("取现", "taken out in cash"),
    "third_party": ("留存于其他客户账户", "with another customer of the bank"),
    "outside": ("流出本行视野", "out of the bank's sight"),
    "hub_cut": ("进出枢纽账户，去向未追踪", "at an account with too many payments to follow: where it went is not known"),
    "loan": ("来自本行贷款", "from a loan of this bank"),
    "untold": ("来源不明", "from money of which nothing is told"),
}

HOWS: dict[str, Said] = {
    "ends": ("止于该笔支付", "the payment itself says so"),
    "rests": ("期末留存", "it lay there until the window closed"),
    "hops": ("达到追踪层数上限", "the bound on payments was reached"),
    "small": ("低于最小追踪金额", "less than the smallest amount followed"),
    "hub": ("枢纽账户，不再追踪", "an account with too many payments to follow"),
}

KNOWN_BY: dict[str, Said] = {
    "certain": ("确定", "certain: by ownership or the loan's own rows"),
    "purpose": ("据用途文字", "by a word of the purpose"),
    "trade": ("据收款人行业", "by the payee's trade"),
}

METHODS: dict[str, Said] = {
    "fifo": ("先进先出", "first in, first out (Clayton's case)"),
    "pro_rata": ("按比例", "pro rata (pari passu)"),
}

SHAPES: dict[str, Said] = {
    "cycle": ("资金闭环", "a cycle: each payment later than the one before"),
    "gather": ("集中转入", "gathered from many"),
    "scatter": ("分散转出", "scattered to many"),
}
