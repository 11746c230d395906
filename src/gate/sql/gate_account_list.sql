SELECT name, person, disabled, must_change, created_us, sign_in_us, changed_us,
       (SELECT count(*) FROM session
        WHERE account = account.id AND ended_us IS NULL
          AND seen_us > :idle_from AND since_us > :absolute_from)
FROM account ORDER BY name
