"""The declarative base and the tables of scheduling."""
