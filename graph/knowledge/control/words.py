"""What the words of a verdict mean, Chinese first: shown on pages and terminals, documented in docs/knowledge.md."""

Said = tuple[str, str]
"""Chinese, English."""

CONTROL: dict[str, Said] = {
    "controlled": ("有实际控制人", "An actual controller commands more than half of the votes."),
    "controlled_jointly": ("由一致行动人共同控制", "Those who act in concert control it together; none of them does alone."),
    "ends_at_firm": ("控制链止于股东未知的企业", "Control ends at a firm above which nobody is known to control."),
    "circular": ("循环持股，无外部控制人", "Firms control each other in a circle that nobody outside controls."),
    "deadlock": ("两方各持一半表决权，僵局", "Two sides command half of the votes each: a deadlock."),
    "state": (
        "国有出资机构，出资人未知，视为国家控制",
        "It holds the state's capital, and its own holders are untold: the state stands above.",
    ),
    "not_determinable": ("已知持股不足，无法判定", "Too few shares are known: a controller may be among those untold."),
    "dispersed": ("股权分散，无人过半", "The votes are known, and nobody commands more than half of them."),
}

OWNERS: dict[str, Said] = {
    "found": ("已识别全部受益所有人", "Every beneficial owner by shares is found."),
    "incomplete": ("可能另有受益所有人", "A quarter and more of it is untold: another owner may stand behind that."),
    "management": ("无人达标，以日常经营管理人员为受益所有人", "Nobody meets a test: whoever manages daily stands in."),
    "state": ("国家出资，以法定代表人为受益所有人", "The state controls it: its legal representative is named."),
    "not_determinable": ("已知持股不足，无法判定", "Too few shares are known to name an owner, or to say that there is none."),
}

TESTS: dict[str, Said] = {
    "equity": ("最终持股25%以上", "25% and more of the equity in the end"),
    "votes": ("表决权25%以上", "25% and more of the votes"),
    "control": ("单独实际控制", "controls alone"),
    "joint_control": ("联合实际控制", "controls jointly"),
    "filed_control": ("申报控制", "filed as its controller"),
    "management": ("负责日常经营管理", "manages daily"),
    "legal_representative": ("法定代表人", "legal representative"),
}

FINDINGS: dict[str, Said] = {
    "filed_contradicted": ("申报的控制人与推算不符", "Filed as controller, but by votes another controls."),
    "filed_unsupported": ("申报的控制无股权依据", "Filed as controller, and no votes bear it out."),
    "computed_unfiled": ("推算的实际控制人未申报", "Controls by votes, and another is filed."),
    "shares_over_one": ("持股合计超过100%", "Its shares add up to more than all; they were scaled to all."),
    "share_out_of_range": ("持股比例不在0至100%之间", "A share outside 0 to 100% was left out."),
    "holds_itself": ("持有自身股份", "It holds shares of itself; they have no vote."),
    "circular": ("循环持股", "It holds itself over others, in a circle."),
}

RULE = "受益所有人信息管理办法（中国人民银行 国家市场监督管理总局令〔2024〕第3号）"
