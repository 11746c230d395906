SELECT seq, received_us FROM entry WHERE agency = :agency
ORDER BY seq DESC LIMIT 1
