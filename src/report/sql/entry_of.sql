SELECT register, key FROM entry WHERE agency = :agency AND seq = :seq
