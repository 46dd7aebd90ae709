"""Connected clients: group clients by control, economically dependent clients by proposal, and both together."""
