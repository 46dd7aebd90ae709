"""限额: what the knowledge table `limit_use` says of the firm."""

from api.portrait.about import derived

PART = derived("limits", "限额", "limit_use")
