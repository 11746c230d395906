-- 12.3: audit logs are kept at least 60 days: per log source that is no
-- firewall, the calendar of hours since its start or the period's, and the
-- segments that hold it.
WITH RECURSIVE senders AS (
  SELECT agency, key, name, keep_days AS own_days,
    sum(entry) OVER (PARTITION BY agency) AS edition,
    min(coalesce(silent_hours, :silent_hours), 1440) AS silent_hours,
    CASE
      WHEN firewall = 1 OR kind = 'firewall' THEN 'removed'
      WHEN voided = 1 AND coalesce(ground, '') = '' THEN 'voided'
      WHEN voided = 1 OR retired_on + :days * 86400000000 <= :at
        THEN 'removed'
      ELSE 'live'
    END AS scope,
    CASE WHEN retired_on <= :at THEN retired_on ELSE :at END AS until_us
  FROM log_source
  WHERE effective_us <= :at),
alive AS (
  SELECT agency, log_source AS key, min(first_us) AS first_us,
    max(CASE WHEN last_us <= :at THEN last_us END) AS last_us,
    count(*) AS sources
  FROM source
  WHERE log_source IS NOT NULL AND first_us <= :at
  GROUP BY agency, log_source),
span AS (
  SELECT n.*, a.first_us, a.last_us, a.sources,
    max(a.first_us, :at - :days * 86400000000) AS from_us
  FROM senders AS n
  JOIN alive AS a ON a.agency = n.agency AND a.key = n.key
  WHERE n.scope = 'live'),
calendar (day_us) AS (
  SELECT ((:at - :days * 86400000000 + 28800000000) / 86400000000)
    * 86400000000 - 28800000000
  UNION ALL
  SELECT day_us + 86400000000 FROM calendar
  WHERE day_us + 86400000000 <= :at),
day_row AS (
  SELECT DISTINCT s.agency, s.log_source AS key, r.day_us, r.unseen_hours
  FROM rollup_day AS r
  JOIN source AS s ON s.id = r.source
  WHERE s.log_source IS NOT NULL AND r.first_us <= :at
    AND r.day_us > :at - (:days + 1) * 86400000000),
hour_of_day (h) AS (
  SELECT 1 UNION ALL SELECT h + 1 FROM hour_of_day WHERE h < 24),
seen_day AS (
  SELECT agency, key, day_us,
    CASE count(*) WHEN 1 THEN min(unseen_hours) ELSE (
      SELECT DISTINCT group_concat(one, '') OVER (ORDER BY h
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
      FROM (
        SELECT h, min(substr(x.unseen_hours, h, 1)) AS one
        FROM hour_of_day
        JOIN day_row AS x ON x.agency = d.agency AND x.key = d.key
          AND x.day_us = d.day_us
        GROUP BY h)) END AS unseen
  FROM day_row AS d
  GROUP BY agency, key, day_us),
hours AS (
  SELECT DISTINCT p.agency, p.key,
    group_concat(coalesce(d.unseen, '111111111111111111111111'), '')
      OVER (PARTITION BY p.agency, p.key ORDER BY c.day_us
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS hours
  FROM span AS p
  CROSS JOIN calendar AS c
  LEFT JOIN seen_day AS d
    ON d.agency = p.agency AND d.key = p.key AND d.day_us = c.day_us),
cut AS (
  SELECT p.*,
    (SELECT min(day_us) FROM calendar) AS zero_us,
    substr(h.hours, 1,
      (p.until_us - (SELECT min(day_us) FROM calendar)) / 3600000000)
      AS hours,
    (p.from_us - (SELECT min(day_us) FROM calendar)) / 3600000000 AS skip
  FROM span AS p
  JOIN hours AS h ON h.agency = p.agency AND h.key = p.key),
gaps AS (
  SELECT agency, key,
    CASE WHEN at_hour > 0 THEN
      zero_us + (skip + at_hour - 1) * 3600000000 END AS gap_us
  FROM (
    SELECT c.*,
      instr(substr(hours, skip + 1),
        substr(replace(hex(zeroblob(silent_hours)), '0', '1'), 1,
          silent_hours)) AS at_hour
    FROM cut AS c)),
streams AS (
  SELECT agency, stream, max(first_seq + n) - 1 AS through, sum(n) AS n
  FROM segment
  WHERE sealed_us <= :at
  GROUP BY agency, stream),
parts AS (
  SELECT g.agency, sum(g.n) AS n,
    sum((SELECT coalesce(sum(x.n), 0) FROM segment_source AS x
         WHERE x.segment = g.name)) AS parts
  FROM segment AS g
  WHERE g.sealed_us <= :at
  GROUP BY g.agency),
sealed AS (
  SELECT s.agency, sum(s.through) AS through,
    sum(s.through <> s.n) + (p.n <> p.parts) AS broken
  FROM streams AS s
  JOIN parts AS p ON p.agency = s.agency
  GROUP BY s.agency),
held AS (
  SELECT p.agency, p.key, count(*) AS segments,
    min(CASE WHEN g.gone_us IS NULL OR g.gone_us > :at
        THEN g.keep_days END) AS keep_days,
    sum(g.gone_us <= :at AND g.gone_us < g.last_us + :days * 86400000000)
      AS early,
    max(CASE WHEN g.gone_us <= :at
        AND g.gone_us < g.last_us + :days * 86400000000
        THEN g.gone_us END) AS early_us,
    sum(g.damaged > 0 AND g.damaged <= :at
      AND (g.gone_us IS NULL OR g.gone_us > :at)) AS damaged,
    min(CASE WHEN g.damaged > 0 AND g.damaged <= :at
        THEN g.damaged END) AS damaged_us
  FROM span AS p
  JOIN source AS s ON s.agency = p.agency AND s.log_source = p.key
  JOIN segment_source AS x ON x.source = s.id
  JOIN segment AS g ON g.name = x.segment
  WHERE g.class = 'audit' AND g.sealed_us <= :at
    AND g.last_us >= :at - :days * 86400000000
  GROUP BY p.agency, p.key),
space AS (
  SELECT at_us, free, day_bytes
  FROM disk
  WHERE at_us <= :at
  ORDER BY at_us DESC LIMIT 1),
facts AS (
  SELECT n.agency, n.key, n.name, n.scope, n.own_days, n.silent_hours,
    n.edition, p.first_us, p.last_us, p.from_us, p.until_us,
    coalesce(p.sources, 0) AS sources, g.gap_us,
    coalesce(h.segments, 0) AS segments, h.keep_days,
    coalesce(h.early, 0) AS early, h.early_us,
    coalesce(h.damaged, 0) AS damaged, h.damaged_us,
    coalesce(e.through, 0) AS through, coalesce(e.broken, 0) AS broken,
    d.at_us AS disk_us, d.free, d.day_bytes
  FROM senders AS n
  LEFT JOIN span AS p ON p.agency = n.agency AND p.key = n.key
  LEFT JOIN gaps AS g ON g.agency = n.agency AND g.key = n.key
  LEFT JOIN held AS h ON h.agency = n.agency AND h.key = n.key
  LEFT JOIN sealed AS e ON e.agency = n.agency
  LEFT JOIN space AS d ON true),
judged AS (
  SELECT f.*,
    CASE
      WHEN scope <> 'live' THEN scope
      WHEN early > 0 THEN 'deleted_early'
      WHEN damaged > 0 THEN 'damaged'
      WHEN keep_days < :days THEN 'keep'
      WHEN first_us IS NULL THEN 'nothing_arrived'
      WHEN broken > 0 THEN 'missing_segment'
      WHEN gap_us IS NOT NULL THEN 'gap'
      WHEN disk_us IS NULL OR disk_us + :disk_hours * 3600000000 <= :at
        THEN 'no_forecast'
      WHEN free < day_bytes * max(:disk_days,
          :days - (disk_us - first_us) / 86400000000) THEN 'disk'
      WHEN keep_days < own_days THEN 'own_need'
    END AS problem
  FROM facts AS f)
SELECT
  agency,
  key AS subject,
  name AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem IN ('no_forecast', 'disk', 'own_need') THEN 'due'
    WHEN problem IN ('deleted_early', 'damaged', 'keep') THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'deleted_early' THEN early_us
    WHEN 'damaged' THEN damaged_us
    WHEN 'gap' THEN gap_us
  END AS since,
  CASE problem WHEN 'gap' THEN gap_us + :days * 86400000000 END AS due,
  problem,
  json_object(
    'log_source', name, 'days', :days, 'own_days', own_days,
    'first_us', first_us, 'last_us', last_us, 'from_us', from_us,
    'gap_us', gap_us, 'silent_hours', silent_hours, 'segments', segments,
    'keep_days', keep_days, 'early', early, 'early_us', early_us,
    'damaged', damaged, 'free', free, 'day_bytes', day_bytes,
    'disk_hours', :disk_hours,
    'next_us', CASE WHEN scope = 'live' AND until_us = :at THEN
      ((:at + 3600000000) / 3600000000) * 3600000000 END,
    'marks', json_object('sources@' || edition, sources, 'through', through,
      'disk_us', coalesce(disk_us, 0))) AS evidence
FROM judged
ORDER BY agency, subject
