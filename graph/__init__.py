"""The knowledge graph: ontology, ledger, identity, snapshot, stores and what is derived from them."""
