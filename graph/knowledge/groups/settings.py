"""Thresholds of proposals, each with its document, and which kin are close."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from graph.errors import InputError

_FILE = Path(__file__).with_name("settings.yaml")


@dataclass(frozen=True)
class Setting:
    """A number, the document that it comes from, and whether that was seen or is this house's own."""

    value: float
    document: str
    status: str


@dataclass(frozen=True)
class Settings:
    """Everything that settings.yaml declares."""

    sales_share: Setting
    purchase_share: Setting
    guarantee_of_net_assets: Setting
    repayment_share: Setting
    repayment_days: Setting
    examined_above_tier1: Setting
    due_days: Setting
    agent_posts: Setting
    nominee_firms: Setting


def read_settings(file: Path = _FILE) -> Settings:
    """The settings in `file`. InputError for one that is missing, unknown or no number of 0 and more."""
    told = yaml.safe_load(file.read_text("utf-8"))
    wanted = set(Settings.__dataclass_fields__)
    if not isinstance(told, dict) or (odd := wanted ^ set(told)):
        raise InputError(f"{file.name} must declare exactly {', '.join(sorted(wanted))}.", "", sorted(odd)[0] if told else "")
    for name, each in told.items():
        if not isinstance(each.get("value"), int | float) or isinstance(each["value"], bool) or each["value"] < 0:
            raise InputError(f"{file.name}: '{name}' has no number of 0 and more.", "Write value: 0.5, for example.", name)
    return Settings(**{name: Setting(**each) for name, each in told.items()})


@cache
def settings() -> Settings:
    """The settings that come with the platform."""
    return read_settings()


CLOSE_KIN = (
    *("配偶", "夫妻", "丈夫", "妻子", "父母子女", "父母", "子女", "父亲", "母亲", "父子", "父女", "母子", "母女", "儿子", "女儿"),
    *("兄弟姐妹", "兄弟", "姐妹", "兄妹", "姐弟", "祖父母", "外祖父母", "孙子女", "外孙子女", "祖孙"),
    *("spouse", "parent", "child", "sibling", "grandparent", "grandchild"),
)
"""Words of kinship that are close: 三代以内直系、二代以内旁系, oneself being the first generation, and the spouse, which are the
close kin of article 1045 of 民法典. A word says more than a degree."""

DISTANT_KIN = ("姻亲", "叔侄", "姑侄", "舅甥", "姨甥", "堂兄弟", "表兄弟", "堂亲", "表亲", "in-law", "cousin", "uncle", "aunt")
"""Words of kinship that are not."""

CLOSE_DEGREE = 2
"""亲等 by steps over parents: siblings and grandparents are 2. Above it nobody is close but by a word; 3 may be a
great-grandparent or an uncle, so without a word an officer says."""
UNCLEAR_DEGREE = 3
