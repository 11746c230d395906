-- 12.2: logs are protected from access, change and deletion: per agency, the
-- last verification of all stored segments, and that none is missing.
WITH runs AS (
  SELECT agency, max(n) AS n, count(*) AS runs
  FROM verify_run
  WHERE at_us <= :at
  GROUP BY agency),
streams AS (
  SELECT agency, stream, max(first_seq + n) - 1 AS through, sum(n) AS n
  FROM segment
  WHERE sealed_us <= :at
  GROUP BY agency, stream),
sealed AS (
  SELECT agency, sum(through) AS through, sum(through <> n) AS broken
  FROM streams
  GROUP BY agency),
damage AS (
  SELECT agency, count(*) AS damaged, min(damaged) AS damaged_us
  FROM segment
  WHERE damaged > 0 AND damaged <= :at
    AND (gone_us IS NULL OR gone_us > :at)
  GROUP BY agency),
seen AS (
  SELECT a.key AS agency, a.name, r.n AS run, r.runs, v.at_us, v.failed,
    v.segments, coalesce(v.detail, '') AS detail,
    coalesce(s.through, 0) AS through, coalesce(s.broken, 0) AS broken,
    coalesce(d.damaged, 0) AS damaged, d.damaged_us,
    (SELECT count(DISTINCT w.name) FROM witness AS w
     WHERE w.agency = a.key AND w.at_us <= :at) AS witnesses,
    v.at_us + :run_hours * 3600000000 AS stale_us
  FROM agency AS a
  LEFT JOIN runs AS r ON r.agency = a.key
  LEFT JOIN verify_run AS v ON v.agency = a.key AND v.n = r.n
  LEFT JOIN sealed AS s ON s.agency = a.key
  LEFT JOIN damage AS d ON d.agency = a.key
  WHERE a.effective_us <= :at AND a.voided = 0),
judged AS (
  SELECT s.*,
    CASE
      WHEN damaged > 0 THEN 'damaged'
      WHEN failed > 0 THEN 'failed'
      WHEN run IS NULL THEN 'never_verified'
      WHEN runs <> run THEN 'missing_run'
      WHEN broken > 0 THEN 'missing_segment'
      WHEN stale_us <= :at THEN 'stale'
      WHEN stale_us - :warn_hours * 3600000000 <= :at THEN 'soon'
      WHEN witnesses = 0 THEN 'no_witness'
    END AS problem
  FROM seen AS s)
SELECT
  agency,
  'log' AS subject,
  name AS subject_title,
  CASE
    WHEN problem IS NULL OR problem = 'no_witness' THEN 'met'
    WHEN problem = 'soon' THEN 'due'
    WHEN problem IN ('damaged', 'failed') THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'damaged' THEN damaged_us
    WHEN 'failed' THEN at_us
    WHEN 'stale' THEN stale_us
    WHEN 'soon' THEN stale_us - :warn_hours * 3600000000
  END AS since,
  stale_us AS due,
  problem,
  json_object(
    'run', run, 'runs', runs, 'at_us', at_us, 'failed', failed,
    'segments', segments, 'detail', detail, 'damaged', damaged,
    'damaged_us', damaged_us, 'broken', broken, 'witnesses', witnesses,
    'run_hours', :run_hours,
    'next_us', CASE
      WHEN stale_us - :warn_hours * 3600000000 > :at
        THEN stale_us - :warn_hours * 3600000000
      WHEN stale_us > :at THEN stale_us END,
    'marks', json_object('run', coalesce(run, 0), 'through', through,
      'witnesses', witnesses)) AS evidence
FROM judged
ORDER BY agency
