"""The same converted network in NEST and in Nengo, spike by spike."""
