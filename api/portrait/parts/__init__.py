"""The parts of a 360, a file each."""
