"""Experiments: plans of small units that are measured anywhere, kept, analysed and shown on a page."""
