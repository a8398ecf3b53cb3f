# Brian2's makefile. What runs once, when the program starts, is compiled in half the time with less optimisation.
include makefile

once.o: OPTIMISATIONS += -O1
