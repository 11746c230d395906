SELECT chapter, state, since_us, n_met, n_due, n_unmet, n_unknown, n_excepted,
    n_na, problem
FROM verdict WHERE clause = :clause AND agency = :agency
