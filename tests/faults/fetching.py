"""`bioscnn data fetch` from a server of this machine: ``python -m tests.faults.fetching mnist``."""

import signal
import sys

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until there is a handler
import bioscnn.__main__ as program


def serve_here() -> None:
    """Let data sets come from the server that the environment names."""
    import json
    import os
    from dataclasses import replace

    from bioscnn.datasets import mnist_files, recordings
    from bioscnn.datasets.archives import Archive

    url, md5 = os.environ["FAULTS_URL"], json.loads(os.environ["FAULTS_MD5"])
    mnist_files.MIRRORS = (url,)
    # The files of a data folder may have been compressed again.
    official = tuple(replace(f, gz_md5=md5.get(f"{f.name}.gz", f.gz_md5)) for f in mnist_files.OFFICIAL_FILES)
    mnist_files.OFFICIAL_FILES = official
    name = "nmnist-test.zip"
    small = Archive(name, url + name, md5[name], "Test", "nmnist/Test", "https://any.page")
    nmnist = recordings.EVENT_DATASETS["nmnist"]
    recordings.EVENT_DATASETS["nmnist"] = nmnist._replace(archives=(small,))


if __name__ == "__main__":
    sys.argv[:] = ["bioscnn", "data", "fetch", *sys.argv[1:]]
    signal.signal(signal.SIGINT, program.end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    serve_here()
    program.main()
