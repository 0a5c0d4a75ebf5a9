"""Working days, shifts, slots and queue order: pure rules, no IO."""
