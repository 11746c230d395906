UPDATE account SET disabled = :disabled WHERE id = :account
