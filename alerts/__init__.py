"""Facts, rule packs, the three stages, grading and the journal. Start at `alerts.stages` and `alerts.journal`."""
