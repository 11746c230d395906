SELECT agency, name, at_us, size FROM witness WHERE at_us <= :at
