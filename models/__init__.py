"""Features, labels, models, scores. What needs torch lives in `models.gnn`."""
