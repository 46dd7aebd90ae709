"""Real and benchmark input, one folder each: a manifest, what the bank adds to the ontology, and a README with figures."""
