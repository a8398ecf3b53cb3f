"""Operations that bioscnn counts, beside those that the package NeuroBench counts for the same spikes."""
