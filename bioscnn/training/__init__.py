"""Train networks: on firing rates, and on spikes."""
