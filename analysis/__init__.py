"""What was measured to build bioscnn, as scripts that anyone can run again."""
