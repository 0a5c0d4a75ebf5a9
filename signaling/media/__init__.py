"""The media plane: who receives what, and what carries it out."""
