"""One file for each of the bank's systems: what it exports, under its own headers, keys, units and date forms."""
