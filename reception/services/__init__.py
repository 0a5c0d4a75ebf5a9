"""Use cases, one module per job."""
