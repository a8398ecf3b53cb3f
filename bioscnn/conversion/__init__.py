"""A trained network becomes a spiking one."""
