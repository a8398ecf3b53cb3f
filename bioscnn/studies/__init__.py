"""A study file becomes runs, and runs become tables."""
