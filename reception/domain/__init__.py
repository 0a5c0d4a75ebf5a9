"""Pure rules, no IO."""
