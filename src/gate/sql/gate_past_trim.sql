DELETE FROM past WHERE account = :account AND id NOT IN
  (SELECT id FROM past WHERE account = :account ORDER BY id DESC LIMIT :n)
