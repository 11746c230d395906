SELECT data FROM leaf WHERE agency = :agency AND at = :at
