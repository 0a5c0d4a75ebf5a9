"""Pages, API and what they share."""
