"""Images and event recordings, verified by checksum."""
