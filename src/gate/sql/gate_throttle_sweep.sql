-- What no longer matters, and the oldest beyond a bound.
DELETE FROM throttle WHERE (last_us < :before AND locked_us < :before)
  OR key IN (SELECT key FROM throttle ORDER BY last_us DESC
             LIMIT -1 OFFSET :keep)
