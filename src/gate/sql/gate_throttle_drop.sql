DELETE FROM throttle WHERE key = :key
