"""What the command line prints of what is finished; progress is in `bioscnn.terminal`."""
