SELECT version FROM tally_version
