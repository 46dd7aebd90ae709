"""The heterogeneous graph neural network; the only package that loads torch."""
