"""The simulated event camera beside the real one: its fit, and their comparison."""
