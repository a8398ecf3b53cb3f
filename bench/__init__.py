"""Speed, memory and accuracy of bioscnn and its peers, side by side; see README.md."""
