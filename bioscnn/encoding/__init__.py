"""What reaches the first neurons of the network."""
