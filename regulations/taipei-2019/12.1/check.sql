-- 12.1: sign-in, sign-out and privileged use are logged, per system and kind.
-- The worst of a system's sources that should carry the kind decides.
WITH kinds (kind, category) AS (
  VALUES ('sign-in', 'sign-in'), ('sign-out', 'sign-out'),
         ('privilege', 'privilege')),
systems AS (
  SELECT agency, key AS system, name,
    CASE
      WHEN voided = 1 AND coalesce(ground, '') = '' THEN 'voided'
      WHEN voided = 1 OR retired_on <= :at OR in_service_on > :at
        THEN 'removed'
      ELSE 'live'
    END AS scope
  FROM system
  WHERE effective_us <= :at),
senders AS (
  SELECT l.agency, l.system, l.key, l.name,
    coalesce(l.silent_hours, :silent_hours) AS silent_hours,
    coalesce(l.sign_in, 0) AS sign_in, coalesce(l.sign_out, 0) AS sign_out,
    coalesce(l.privilege, 0) AS privilege
  FROM log_source AS l
  WHERE l.effective_us <= :at AND l.voided = 0
    AND (l.retired_on IS NULL OR l.retired_on > :at)),
seen AS (
  SELECT s.agency, s.log_source, s.id, s.first_us,
    CASE WHEN s.last_us <= :at THEN s.last_us
      ELSE coalesce((
        SELECT max(CASE WHEN r.last_us <= :at THEN r.last_us
                        ELSE r.first_us END)
        FROM rollup_day AS r
        WHERE r.source = s.id AND r.first_us <= :at), s.first_us)
    END AS last_us
  FROM source AS s
  WHERE s.log_source IS NOT NULL AND s.first_us <= :at),
alive AS (
  SELECT agency, log_source, min(first_us) AS first_us,
    max(last_us) AS last_us
  FROM seen
  GROUP BY agency, log_source),
kind_seen AS (
  SELECT s.agency, s.log_source, k.kind,
    max(max(
      coalesce((
        SELECT CASE WHEN r.last_us <= :at THEN r.last_us ELSE r.first_us END
        FROM rollup_day AS r
        WHERE r.source = s.id AND r.category = k.category
          AND r.first_us <= :at
        ORDER BY r.day_us DESC LIMIT 1), 0),
      coalesce((
        SELECT CASE WHEN r.last_us <= :at THEN r.last_us ELSE r.first_us END
        FROM rollup_hour AS r
        WHERE r.source = s.id AND r.category = k.category
          AND r.first_us <= :at
        ORDER BY r.hour_us DESC LIMIT 1), 0))) AS kind_us
  FROM seen AS s CROSS JOIN kinds AS k
  GROUP BY s.agency, s.log_source, k.kind),
carried AS (
  SELECT n.agency, n.system, k.kind, n.key, n.name, n.silent_hours,
    a.first_us, a.last_us, nullif(c.kind_us, 0) AS kind_us,
    a.last_us + n.silent_hours * 3600000000 AS silent_us,
    coalesce(nullif(c.kind_us, 0), a.first_us) + :kind_days * 86400000000
      AS absent_us
  FROM senders AS n
  CROSS JOIN kinds AS k
  LEFT JOIN alive AS a ON a.agency = n.agency AND a.log_source = n.key
  LEFT JOIN kind_seen AS c
    ON c.agency = n.agency AND c.log_source = n.key AND c.kind = k.kind
  WHERE CASE k.kind WHEN 'sign-in' THEN n.sign_in
    WHEN 'sign-out' THEN n.sign_out ELSE n.privilege END = 1),
judged AS (
  SELECT c.*,
    CASE
      WHEN first_us IS NULL THEN 'nothing_arrived'
      WHEN silent_us <= :at THEN 'silent'
      WHEN absent_us <= :at THEN 'absent'
      WHEN kind_us IS NULL THEN 'not_yet'
      WHEN absent_us - :warn_days * 86400000000 <= :at THEN 'soon'
    END AS problem
  FROM carried AS c),
worst AS (
  SELECT j.*,
    row_number() OVER (
      PARTITION BY agency, system, kind
      ORDER BY CASE problem WHEN 'absent' THEN 0 WHEN 'nothing_arrived' THEN 1
          WHEN 'silent' THEN 2 WHEN 'not_yet' THEN 3 WHEN 'soon' THEN 4
          ELSE 5 END,
        absent_us, key) AS place
  FROM judged AS j),
rowset AS (
  SELECT y.agency, y.system, y.name AS title, y.scope, k.kind, w.key,
    w.name, w.silent_hours, w.first_us, w.last_us, w.kind_us, w.silent_us,
    w.absent_us,
    CASE
      WHEN y.scope <> 'live' THEN y.scope
      WHEN w.agency IS NOT NULL THEN w.problem
      WHEN EXISTS (SELECT 1 FROM senders AS n
                   WHERE n.agency = y.agency AND n.system = y.system)
        THEN 'not_declared'
      ELSE 'no_source'
    END AS problem
  FROM systems AS y
  CROSS JOIN kinds AS k
  LEFT JOIN worst AS w ON w.agency = y.agency AND w.system = y.system
    AND w.kind = k.kind AND w.place = 1)
SELECT
  agency,
  system || '/' || kind AS subject,
  title AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem = 'soon' THEN 'due'
    WHEN problem = 'absent' THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'absent' THEN absent_us
    WHEN 'silent' THEN silent_us
    WHEN 'soon' THEN absent_us - :warn_days * 86400000000
    WHEN 'not_yet' THEN first_us
  END AS since,
  CASE WHEN problem IN ('soon', 'not_yet', 'absent') OR problem IS NULL
    THEN absent_us END AS due,
  problem,
  json_object(
    'system', title, 'kind', kind, 'kind_zh', CASE kind
      WHEN 'sign-in' THEN '登入' WHEN 'sign-out' THEN '登出'
      ELSE '特殊權限使用' END, 'log_source', key,
    'first_us', first_us, 'last_us', last_us, 'kind_us', kind_us,
    'silent_hours', silent_hours, 'kind_days', :kind_days,
    'next_us', CASE
      WHEN problem IS NULL THEN
        min(silent_us, absent_us - :warn_days * 86400000000)
      WHEN problem IN ('soon', 'not_yet', 'absent')
        THEN min(silent_us, max(absent_us, :at + 1)) END) AS evidence
FROM rowset
ORDER BY agency, subject
