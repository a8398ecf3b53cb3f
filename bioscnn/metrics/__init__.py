"""Numbers about spike trains and about what they decide."""
