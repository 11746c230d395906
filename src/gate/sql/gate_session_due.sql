-- Is there anything to end, or to tell?
SELECT EXISTS (SELECT 1 FROM session
  WHERE ended_us IS NULL
    AND (since_us + :absolute <= :now OR seen_us + :idle <= :now))
