"""What the time code comes to without training for it: docs/time-code.md and its tables."""
