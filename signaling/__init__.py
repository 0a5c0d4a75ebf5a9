"""Rooms, peers and messages: knows seats, roles and signed tokens, no persons."""
