-- 12.4: important systems' logs may be kept on another host too: per replica
-- of an agency's log, its last report: the root it computed, what it lacks.
WITH reports AS (
  SELECT agency, name, max(n) AS n, count(*) AS rows
  FROM replica
  WHERE at_us <= :at
  GROUP BY agency, name),
seen AS (
  SELECT r.agency, r.name, r.n, r.rows, x.at_us, x.size, x.behind, x.agrees,
    x.segments, x.missing
  FROM reports AS r
  JOIN replica AS x
    ON x.agency = r.agency AND x.name = r.name AND x.n = r.n),
judged AS (
  SELECT s.*,
    CASE
      WHEN agrees = 0 THEN 'differs'
      WHEN missing > 0 THEN 'missing'
      WHEN rows <> n THEN 'missing_report'
      WHEN at_us + :lag_hours * 3600000000 <= :at THEN 'silent'
      WHEN at_us + :warn_hours * 3600000000 <= :at THEN 'late'
    END AS problem
  FROM seen AS s)
SELECT
  agency,
  name AS subject,
  name AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'late' THEN 'due'
    WHEN problem IN ('differs', 'missing') THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'silent' THEN at_us + :lag_hours * 3600000000
    WHEN 'late' THEN at_us + :warn_hours * 3600000000
    WHEN 'differs' THEN at_us
    WHEN 'missing' THEN at_us
  END AS since,
  at_us + :lag_hours * 3600000000 AS due,
  problem,
  json_object(
    'replica', name, 'n', n, 'rows', rows, 'at_us', at_us, 'size', size,
    'behind', behind, 'segments', segments, 'missing', missing,
    'lag_hours', :lag_hours,
    'next_us', CASE
      WHEN at_us + :warn_hours * 3600000000 > :at
        THEN at_us + :warn_hours * 3600000000
      WHEN at_us + :lag_hours * 3600000000 > :at
        THEN at_us + :lag_hours * 3600000000 END,
    'marks', json_object('n', n, 'size', size)) AS evidence
FROM judged
ORDER BY agency, subject
