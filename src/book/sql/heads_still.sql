UPDATE stream_chain SET moved = 0 WHERE agency = :agency
