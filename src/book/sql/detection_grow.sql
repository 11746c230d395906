UPDATE detection SET last_us = max(last_us, :last_us),
    "count" = max("count", :count)
WHERE source = :source AND n = :n
