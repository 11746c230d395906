INSERT INTO entry (agency, seq, received_us, effective_us, actor, register,
    key, action, prev, body, salt, leaf, hash)
VALUES (:agency, :seq, :received_us, :effective_us, :actor, :register, :key,
    :action, :prev, :body, :salt, :leaf, :hash)
