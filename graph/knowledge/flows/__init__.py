"""Where money went, and where it came from: tracing in time order, conserved to the fen, and the shapes that payments make."""
