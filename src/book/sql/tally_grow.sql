UPDATE tally_version SET version = version + 1
