"""The network of Diehl and Cook (2015): neurons that compete for images by lateral inhibition."""
