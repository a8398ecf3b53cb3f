"""Convolutional layers that learn by STDP from the latencies of single spikes (Kheradpisheh and others 2018)."""
