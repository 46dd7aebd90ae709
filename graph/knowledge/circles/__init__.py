"""Guarantee circles, mutual pairs, joint schemes and chains: pure functions of arrays, for a book or the surroundings of a firm."""
