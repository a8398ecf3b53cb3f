"""Experiments: units of work that any computer can do, and what they come to."""
