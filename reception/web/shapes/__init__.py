"""Bodies and answers of the API, one module for each area that has more than a few."""
