"""Entity resolution: which records may be one firm, proposed with a score and its reasons, decided by an officer."""
