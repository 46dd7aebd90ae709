"""Another data set of the same kind, invented: dealers, not firms' bankruptcies; other names, sizes and relations.

A dealer closes when it is in debt, or when one that it shares an owner with is. One picture for all; a column says the split.
"""

from pathlib import Path

import numpy as np

ONTOLOGY = """
entities:
  Dealer:
    zh: 经销商
    properties: {stars: {kind: integer}, opened: {kind: day}}
  Owner:
    zh: 业主
    properties: {}
  Town:
    zh: 镇
    properties: {}
relations:
  OWNED_BY: {zh: 所有, ends: [[Dealer, Owner]], share: part, properties: {part: {kind: share}}}
  LENDS_STOCK: {zh: 借货, ends: [[Dealer, Dealer]], properties: {}}
  STANDS_IN: {zh: 所在, ends: [[Dealer, Town]], properties: {}}
facts:
  Book:
    zh: 账
    subject: [Dealer]
    properties: {debt: {kind: number}, half: {kind: text}}
  Complaint:
    zh: 投诉
    subject: [Dealer]
    lasting: happening
    properties: {about: {kind: choice, values: [price, service]}}
  Closing:
    zh: 结业
    subject: [Dealer]
    properties: {state: {kind: choice, values: [open, closed]}}
"""

MANIFEST = """
name: dealers
ontology: ontology.yaml
backfill: assumed
defaults: {source: guild}
files:
  - path: dealers.csv
    yields:
      - entity: Dealer
        key: dealer
        recorded_at: {constant: 2020-01-01}
        properties: {stars: stars, opened: opened}
      - fact: Book
        subject: {type: Dealer, key: dealer}
        key: dealer
        valid_from: {constant: 2020-01-01}
        recorded_at: {constant: 2020-01-01}
        properties: {debt: debt, half: half}
      - fact: Closing
        when: {column: state, empty: false}
        subject: {type: Dealer, key: dealer}
        key: dealer
        valid_from: {constant: 2021-06-30}
        recorded_at: {constant: 2021-06-30}
        properties: {state: state}
  - path: ties.csv
    yields:
      - relation: OWNED_BY
        when: {column: kind, equals: owner}
        src: &one {type: Dealer, key: one}
        dst: {type: Owner, key: other}
        identify_by: &pair [one, other]
        recorded_at: &known {constant: 2020-01-01}
        properties: {part: part}
      - relation: LENDS_STOCK
        when: {column: kind, equals: stock}
        src: *one
        dst: {type: Dealer, key: other}
        identify_by: *pair
        recorded_at: *known
      - relation: STANDS_IN
        when: {column: kind, equals: town}
        src: *one
        dst: {type: Town, key: other}
        identify_by: *pair
        recorded_at: *known
  - path: complaints.csv
    yields:
      - fact: Complaint
        subject: {type: Dealer, key: dealer}
        identify_by: [dealer, about, day]
        valid_from: day
        recorded_at: day
        properties: {about: about}
"""

STUDY = """
name: dealers
manifest: manifest.yaml
entity: Dealer
target: {fact: Closing, property: state, positive: [closed]}
sets:
  train: {as_of: 2020-12-31, outcome_by: 2021-12-31, where: {property: Book.half, equals: a}}
  validation: {as_of: 2020-12-31, outcome_by: 2021-12-31, where: {property: Book.half, equals: b}}
  test: {as_of: 2020-12-31, outcome_by: 2021-12-31, where: {property: Book.half, equals: c}}
groups: [Town]
seeds: [0, 1]
predictions: {file: told.csv, entity: dealer}
"""


def write(folder: Path, *, dealers: int = 240, ties: bool = True, complaints: bool = True, labels: bool = True) -> Path:
    """The data set and its YAML in `folder`; returns the study's path. Every third dealer is of the test, its outcome not told."""
    draw = np.random.default_rng(7)
    debt = draw.normal(size=dealers)
    owner = draw.integers(0, dealers // 3, dealers)
    shared = np.array([max((debt[j] for j in np.flatnonzero(owner == owner[i]) if j != i), default=-9.0) for i in range(dealers)])
    closed = np.maximum(debt, shared if ties else -9.0) + draw.normal(0, 0.3, dealers) > 0.6
    rows = ["dealer,stars,opened,debt,half,state"]
    for i in range(dealers):
        half = "abc"[i % 3]
        state = ("closed" if closed[i] else "open") if half != "c" and labels else ""
        rows.append(f"D{i},{i % 5},2001-0{i % 9 + 1}-01,{debt[i]:.3f},{half},{state}")
    tied = ["one,other,kind,part"]
    if ties:
        tied += [f"D{i},O{owner[i]},owner,0.5" for i in range(dealers)]
        tied += [f"D{i},D{(i * 7) % dealers},stock," for i in range(1, dealers, 4)]
        tied += [f"D{i},T{i % 11},town," for i in range(dealers)]
    said = ["dealer,about,day"]
    if complaints:
        said += [f"D{i},{('price', 'service')[i % 2]},2020-0{i % 9 + 1}-11" for i in range(0, dealers, 2)]
    for name, lines in (("dealers.csv", rows), ("ties.csv", tied), ("complaints.csv", said)):
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    for name, text in (("ontology.yaml", ONTOLOGY), ("manifest.yaml", MANIFEST), ("study.yaml", STUDY)):
        (folder / name).write_text(text, "utf-8")
    return folder / "study.yaml"
