"""The service people see, and the composition root."""
