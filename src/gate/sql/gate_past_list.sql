SELECT hash FROM past WHERE account = :account ORDER BY id DESC LIMIT :n
