"""The twelve complex reads of LDBC FinBench's transaction workload over a graph store, and an independent reading of them."""
