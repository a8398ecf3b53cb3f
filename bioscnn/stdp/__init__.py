"""Networks that learn without labels, by the times of their spikes: models, training, and their studies."""
