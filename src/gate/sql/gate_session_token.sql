UPDATE session SET token = :token WHERE id = :id
