"""From a bank's files to the ledger: manifests, readers, checks, quarantine, loading."""
