"""Sampled mutation testing: small changes of the code, of which the tests should notice every one."""
