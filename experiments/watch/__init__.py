"""A market's run as a page on which a person moves through its time: offline, one file, plain JavaScript."""
