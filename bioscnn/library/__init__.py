"""What ``import bioscnn`` offers beside its nouns: the verbs of the command line, as functions."""
