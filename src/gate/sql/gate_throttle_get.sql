SELECT times, locked_us, locks, wrong, last_us FROM throttle WHERE key = :key
