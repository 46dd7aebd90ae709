"""What an officer reads: Chinese first, English beside it."""

Said = tuple[str, str]

KINDS: dict[str, Said] = {
    "mutual": ("互保", "A pair that guarantees each other."),
    "joint_scheme": (
        "联保",
        "Members of a joint scheme: they answer for each other; a guarantee of one for another may be missing on the day.",
    ),
    "circle": ("担保圈", "A guarantee circle: over guarantees each member reaches each other."),
}

CONSENT: dict[str, Said] = {
    "none": ("仅涉及本行", "As far as is told it secures this bank's loans only."),
    "perhaps_other_lenders": ("可能需他行同意", "Part of it may secure other lenders' loans: ask for their consent."),
    "other_lenders": ("需他行同意", "The borrower owes nothing here: other lenders must consent."),
}

EVENTS: dict[str, Said] = {
    "born": ("形成", "It was found for the first time."),
    "kept": ("未变", "The same members."),
    "grown": ("扩大", "Members joined."),
    "shrunk": ("缩小", "Members left."),
    "changed": ("成员变动", "Members joined and left."),
    "merged": ("并入", "It took in another circle."),
    "absorbed": ("被并入", "Another circle took it in."),
    "split": ("分裂", "Another circle was split off it."),
    "split_off": ("分出", "It was split off another circle."),
    "ended": ("解除", "It is no circle any more."),
    "renamed": ("更名", "Another member now has the greatest exposure."),
}
