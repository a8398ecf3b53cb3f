"""Train networks: on firing rates, on spikes, on spike times."""
