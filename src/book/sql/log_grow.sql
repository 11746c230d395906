UPDATE log SET size = :size, root = :root WHERE agency = :agency
