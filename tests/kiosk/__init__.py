"""The unattended terminal: watchdog, policies, set-up, updates."""
