"""What the command line prints of a finished study, a module a kind of study; see also `bioscnn.terminal`."""
