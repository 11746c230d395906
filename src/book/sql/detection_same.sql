SELECT n, last_us, "count" FROM detection
WHERE source = :source AND rule = :rule AND subject = :subject
  AND first_us = :first_us
