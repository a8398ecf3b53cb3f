"""How often the intervals of `bioscnn.statistics` hold the true value, by simulation."""
