"""资金流向: what the knowledge table `fund_flows` says of the firm."""

from api.portrait.about import derived

PART = derived("flows", "资金流向", "fund_flows")
