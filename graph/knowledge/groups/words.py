"""What the words of groups mean, Chinese first: shown on pages and terminals, documented in docs/knowledge-groups.md."""

Said = tuple[str, str]
"""Chinese, English."""

REASONS: dict[str, Said] = {
    "controls": ("控制其他企业", "controls another firm"),
    "controlled": ("被企业控制", "is controlled by a firm"),
    "same_controller": ("与他企业同受一家企业控制", "is controlled by the same firm as another"),
    "same_person": ("与他企业同受一人控制", "is controlled by the same person as another"),
    "kin": ("控制人近亲属控制其他企业", "close kin of who controls it controls another firm"),
    "family": ("近亲属共同控制", "close kin control it together"),
    "filed": ("本行已登记为集团成员", "is filed by the bank as a member"),
    "nominee": ("控制人名下企业过多，疑为代持", "whoever controls it controls so many firms that he may hold them for others"),
    "kin_unclear": ("控制人之间亲属关系远近不明", "those who control them are kin, how close is not told"),
    "filed_contradicted": ("申报控制与表决权不符", "is filed to be controlled, and the votes say another"),
    "key_officer": ("关键管理人员相同", "one person holds key posts in both"),
    "sales": ("销售依赖单一交易对手", "half of its sales and more go to one counterparty"),
    "purchases": ("采购依赖单一交易对手", "half of its purchases and more come from one counterparty"),
    "guarantee": ("担保超出承受能力", "its guarantee, once called, is beyond what it can bear"),
    "repayment": ("还款来源相同", "another party repays its notes"),
}

FINDINGS: dict[str, Said] = {
    "filed_without_tie": ("登记为集团成员，未见关联", "filed as a member, and nothing told ties it to the others"),
    "filed_apart": ("登记在不同集团，推算为同一集团", "filed in different groups, and tied together"),
    "computed_unfiled": ("推算为集团成员，未登记", "tied to members of a filed group, and not filed"),
    "nominee": ("控制人名下企业过多，疑为代持", "controlled by one who controls very many firms: may be held for others"),
}

STATUS: dict[str, Said] = {
    "pending": ("待认定", "pending"),
    "confirmed": ("已认定", "confirmed"),
    "rejected": ("已否定", "rejected"),
}

EVENTS: dict[str, Said] = {
    "born": ("新增", "appeared"),
    "kept": ("不变", "as before"),
    "grown": ("成员增加", "grown"),
    "shrunk": ("成员减少", "shrunk"),
    "changed": ("成员变动", "members changed"),
    "merged": ("并入", "took in another"),
    "absorbed": ("被并入", "was taken in"),
    "split": ("分出", "another split off"),
    "split_off": ("由他集团分出", "split off another"),
    "ended": ("终止", "ended"),
    "renamed": ("更名", "renamed"),
}

RULE = "商业银行集团客户授信业务风险管理指引（2010）第三条；EBA/GL/2017/15；商业银行大额风险暴露管理办法（2018年第1号）"
