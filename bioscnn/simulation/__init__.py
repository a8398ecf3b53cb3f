"""A spiking network and a stimulus become a recording."""
