INSERT INTO verdict (clause, agency, chapter, state, since_us, problem, n_met,
    n_due, n_unmet, n_unknown, n_excepted, n_na)
VALUES (:clause, :agency, :chapter, :state, :since_us, :problem, :n_met,
    :n_due, :n_unmet, :n_unknown, :n_excepted, :n_na)
ON CONFLICT (clause, agency) DO UPDATE SET chapter = excluded.chapter,
    state = excluded.state, since_us = excluded.since_us,
    problem = excluded.problem, n_met = excluded.n_met,
    n_due = excluded.n_due, n_unmet = excluded.n_unmet,
    n_unknown = excluded.n_unknown, n_excepted = excluded.n_excepted,
    n_na = excluded.n_na
