# Brian2's makefile with the headers compiled once instead of once a file.
include makefile

CXXFLAGS += -include objects.h

objects.h.gch: objects.h
	$(CXX) $(OPTIMISATIONS) -I. -x c++-header $< -o $@

$(OBJS): objects.h.gch
