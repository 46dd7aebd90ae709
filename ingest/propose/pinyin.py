"""Pinyin of the lexicon's own characters: core systems name columns by it, whole (`jiekuanren`) or by initials (`JKR`)."""

from functools import cache

_SPOKEN = """
an案 bai百 ban般半办 bao保报 bei备被 ben本 bi比笔毕币 bian编变 biao标表 bie别 bu不布部 cai裁财采 can参 ce册 cha查差 chan产
chang常长偿 chao超 che撤 cheng称城成承 chi持 chong充冲 chou抽 chu出除处 chuang创 chuo戳 ci次 cong从 cun存 da打大 dai呆带代贷
dan担单 dang当 dang档 dao到 de得的 deng登等 di抵地第 dian点垫电 diao吊调 ding定订 dong东董动冻 du独度 duan段短 dui兑对 duo多
e额 er二 fa发罚法 fan范 fang方 fang放 fei非废费 fen分纷份 feng封风 fou否 fu服副复付负附 gang岗 gao告高 ge个 geng更
gong工供公共 gou构购 gu估股固 guan关管 gui规归 guo国果 hai海 han含函 hao号耗 he核和合 hong红 hou后 hu互户 hua划话 huan环还
hui恢回会汇 huo活获货 ji基机集及级季计记际 jia家加价 jian监间键件建 jiao交角缴 jie阶截结解借届 jin金进近 jing经警境净
jiu纠九旧 ju据具 jue决 jun均 ka卡 kai开 ke可刻客 kong控 kou口扣 ku库 kuai快 kuan款 kuang况 lai来 lei类 li理利例立 lian联连
liang良量 lie列 ling零 liu流六 lu录 lv率 luo落 luo络 ma码 mai买卖 man满 mei没 men门 miao描 min民 ming明名 mo模末 mu目 na纳
nan男 nei内 nian年 nv女 pan判 pi批 piao票 pin品 ping凭评 po破 qi期其起企 qian千签欠 qiang强 qin亲 qing清情请 qiu球 qu区取
quan权全 ran然 ren人任认 ri日 rong融容 ru入 run润 san三 se色 shang商上 she涉社设 shen申身审 sheng生剩
shi师失十时实识始式事是市 shou收手授售受 shu疏书署属述束数 shui水税 shun顺 shuo说 si私司 song送讼 su诉 suan算 sun损 suo所
ta他它 tai台态 ti体 tian天 ting停庭 tong通同统 tou投 tu途 tuan团 tuo拖托 wai外 wan完万 wang网往 wei微违围未位谓 wen文
wu无五物务 xi息席系细 xia下 xian衔险现限 xiang相箱项向 xiao销消小效 xie歇协写 xin新心信 xing型形行性姓 xu需许序续 xuan宣
xun询讯 ya押 yan言 yao要 ye业 yi一依移疑已以易亿益议异 yin因银印 ying应营 yong用 you由邮游有 yu余逾与 yuan元原员 yue约月
zai载在 zan暂 ze责 zeng增 zhai摘债 zhan展占 zhang帐账 zhao照 zhe者 zheng征整正政证 zhi支织职执值址指止志至致制质 zhong中终种重
zhu主注 zhuan转 zhuang状 zhun准 zi资子自字 zong总 zu足组 zui最 zuo作
"""
_OF = {
    char: part.rstrip("".join(c for c in part if not c.isascii()))
    for part in _SPOKEN.split()
    for char in part
    if not char.isascii()
}


@cache
def spelled(term: str) -> str:
    """`客户号` as `kehuhao`; empty where a character is not known."""
    return "".join(_OF[char] for char in term) if all(char in _OF for char in term) else ""


@cache
def initials(term: str) -> str:
    """`客户号` as `khh`; empty where a character is not known."""
    return "".join(_OF[char][0] for char in term) if all(char in _OF for char in term) else ""
