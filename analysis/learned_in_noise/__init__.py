"""Converted networks beside networks that learned without labels, trained from several seeds, in noise."""
