"""The trained network as a chain of layers: read, write, run, train."""
