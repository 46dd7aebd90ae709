"""担保圈: what the knowledge table `guarantee_circle_members` says of the firm."""

from api.portrait.about import derived

PART = derived("circles", "担保圈", "guarantee_circle_members")
