"""关联客户: what the knowledge table `connected_clients` says of the firm, a line a set that it is in."""

from api.portrait.about import derived

_COLUMNS = {"kind": "类别", "through": "经由", "pending": "待认定", "exposure_fen": "本户敞口", "set": "集合编号"}
_SAID = {"group": "集团客户", "dependence": "经济依存", "both": "集团客户及经济依存", "control": "控制"}

PART = derived("connected", "关联客户", "connected_clients", _COLUMNS, _SAID)
