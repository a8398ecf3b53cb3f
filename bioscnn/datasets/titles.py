"""Data sets as people call them."""

TITLES = {
    "mnist": "MNIST",
    "caltech": "Caltech motorbikes against airplanes",
    "nmnist": "N-MNIST",
    "ncaltech101": "N-Caltech101",
}
"""By the name of the data set in a study."""
