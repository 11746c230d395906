INSERT INTO finding (clause, agency, subject, subject_title, state, since_us,
    due_us, problem, evidence, known_state, known_since_us)
VALUES (:clause, :agency, :subject, :subject_title, :state, :since_us,
    :due_us, :problem, :evidence, :known_state, :known_since_us)
ON CONFLICT (clause, agency, subject) DO UPDATE SET
    subject_title = excluded.subject_title, state = excluded.state,
    since_us = excluded.since_us, due_us = excluded.due_us,
    problem = excluded.problem, evidence = excluded.evidence,
    known_state = excluded.known_state,
    known_since_us = excluded.known_since_us
