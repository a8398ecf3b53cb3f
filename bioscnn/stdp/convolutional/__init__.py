"""Convolutional layers that learn by STDP from latencies of single spikes (Kheradpisheh and others 2018)."""
