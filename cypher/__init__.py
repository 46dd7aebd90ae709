"""Every statement that runs on a graph, one named file each."""
