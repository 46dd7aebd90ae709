"""Facts, rule packs, the three stages, grading and the journal."""
