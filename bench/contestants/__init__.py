"""One module a contestant; each has ``load(problem)``, which returns a `bench.worker.Contestant`."""
