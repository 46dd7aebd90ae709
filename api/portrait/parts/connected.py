"""关联客户: what the knowledge table `connected_clients` says of the firm."""

from api.portrait.about import derived

PART = derived("connected", "关联客户", "connected_clients")
