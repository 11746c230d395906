UPDATE session SET seen_us = max(seen_us, :us) WHERE id = :id
