"""Who owns, who controls, who the beneficial owners are: pure functions of arrays, for a book or the surroundings of a firm."""
