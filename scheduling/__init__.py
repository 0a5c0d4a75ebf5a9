"""Who can receive when, and who comes next: knows nothing of cases or calls."""
