"""The fictional county of demonstration mode: invented, and the same for the same seed number."""
