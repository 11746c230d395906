-- 18.3: per firewall, records of administration are kept 90 days and those of
-- connections 45, the latter with both addresses and ports: the calendar of
-- hours, the days with connections, and the segments that hold them.
WITH RECURSIVE classes (class, days) AS (
  VALUES ('firewall-admin', :admin_days), ('firewall-conn', :conn_days)),
firewalls AS (
  SELECT agency, key, name,
    sum(entry) OVER (PARTITION BY agency) AS edition,
    min(coalesce(silent_hours, :silent_hours), 1440) AS silent_hours,
    CASE
      WHEN coalesce(firewall, 0) = 0 AND coalesce(kind, '') <> 'firewall'
        THEN 'removed'
      WHEN voided = 1 AND coalesce(ground, '') = '' THEN 'voided'
      WHEN voided = 1 THEN 'removed'
      ELSE 'live'
    END AS row_scope, retired_on
  FROM log_source
  WHERE effective_us <= :at),
senders AS (
  SELECT f.*, c.class, c.days,
    CASE WHEN row_scope = 'live'
        AND f.retired_on + c.days * 86400000000 <= :at THEN 'removed'
      ELSE row_scope END AS scope,
    CASE WHEN f.retired_on <= :at THEN f.retired_on ELSE :at END AS until_us
  FROM firewalls AS f
  CROSS JOIN classes AS c),
alive AS (
  SELECT agency, log_source AS key, min(first_us) AS first_us,
    max(CASE WHEN last_us <= :at THEN last_us END) AS last_us,
    count(*) AS sources
  FROM source
  WHERE log_source IS NOT NULL AND first_us <= :at
  GROUP BY agency, log_source),
span AS (
  SELECT n.*, a.first_us, a.last_us, a.sources,
    max(a.first_us, :at - n.days * 86400000000) AS from_us
  FROM senders AS n
  JOIN alive AS a ON a.agency = n.agency AND a.key = n.key
  WHERE n.scope = 'live'),
calendar (day_us) AS (
  SELECT ((:at - (SELECT max(days) FROM classes) * 86400000000
      + 28800000000) / 86400000000)
    * 86400000000 - 28800000000
  UNION ALL
  SELECT day_us + 86400000000 FROM calendar
  WHERE day_us + 86400000000 <= :at),
day_row AS (
  SELECT DISTINCT s.agency, s.log_source AS key, r.day_us, r.unseen_hours
  FROM rollup_day AS r
  JOIN source AS s ON s.id = r.source
  WHERE s.log_source IS NOT NULL AND r.first_us <= :at
    AND r.day_us > :at - (SELECT max(days) + 1 FROM classes) * 86400000000),
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
  FROM (SELECT DISTINCT agency, key FROM span) AS p
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
  SELECT agency, key, class,
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
class_day AS (
  SELECT s.agency, s.log_source AS key, r.category AS class, r.day_us,
    sum(r.lacking) AS lacking,
    min(CASE WHEN r.lacking > 0 THEN r.lacking_us END) AS lacking_us,
    max(CASE WHEN r.last_us <= :at THEN r.last_us ELSE r.first_us END)
      AS last_us,
    sum(r.n) AS n
  FROM rollup_day AS r
  JOIN source AS s ON s.id = r.source
  WHERE s.log_source IS NOT NULL AND r.first_us <= :at
    AND r.category IN ('firewall-admin', 'firewall-conn')
  GROUP BY s.agency, s.log_source, r.category, r.day_us),
class_seen AS (
  SELECT p.agency, p.key, p.class, max(d.last_us) AS class_us,
    sum(d.n) AS class_n,
    sum(CASE WHEN d.day_us + 86400000000 > p.from_us
        AND d.lacking_us <= :at THEN d.lacking END)
      AS lacking,
    min(CASE WHEN d.day_us + 86400000000 > p.from_us
        AND d.lacking_us <= :at THEN d.lacking_us END) AS lacking_us
  FROM span AS p
  JOIN class_day AS d
    ON d.agency = p.agency AND d.key = p.key AND d.class = p.class
  GROUP BY p.agency, p.key, p.class),
conn_gap AS (
  SELECT p.agency, p.key, p.class, min(c.day_us) AS gap_us
  FROM span AS p
  JOIN calendar AS c ON c.day_us + 86400000000 > p.from_us
    AND (c.day_us >= p.first_us OR p.first_us < p.from_us)
    AND c.day_us + 86400000000 <= p.until_us
  WHERE p.class = 'firewall-conn'
    AND NOT EXISTS (
      SELECT 1 FROM class_day AS d
      WHERE d.agency = p.agency AND d.key = p.key AND d.class = p.class
        AND d.day_us = c.day_us)
  GROUP BY p.agency, p.key, p.class),
held AS (
  SELECT p.agency, p.key, p.class, count(*) AS segments,
    min(CASE WHEN g.gone_us IS NULL OR g.gone_us > :at
        THEN g.keep_days END) AS keep_days,
    sum(g.gone_us <= :at AND g.gone_us < g.last_us + p.days * 86400000000)
      AS early,
    max(CASE WHEN g.gone_us <= :at
        AND g.gone_us < g.last_us + p.days * 86400000000
        THEN g.gone_us END) AS early_us,
    sum(g.damaged > 0 AND g.damaged <= :at
      AND (g.gone_us IS NULL OR g.gone_us > :at)) AS damaged,
    min(CASE WHEN g.damaged > 0 AND g.damaged <= :at
        THEN g.damaged END) AS damaged_us
  FROM span AS p
  JOIN source AS s ON s.agency = p.agency AND s.log_source = p.key
  JOIN segment_source AS x ON x.source = s.id
  JOIN segment AS g ON g.name = x.segment
  WHERE g.class = p.class AND g.sealed_us <= :at
    AND g.last_us >= :at - p.days * 86400000000
  GROUP BY p.agency, p.key, p.class),
space AS (
  SELECT at_us, free, day_bytes
  FROM disk
  WHERE at_us <= :at
  ORDER BY at_us DESC LIMIT 1),
facts AS (
  SELECT n.agency, n.key, n.name, n.class, n.days, n.scope, n.silent_hours,
    n.edition, p.first_us, p.last_us, p.from_us, p.until_us,
    coalesce(p.sources, 0) AS sources,
    coalesce(min(g.gap_us, w.gap_us), g.gap_us, w.gap_us) AS gap_us,
    c.class_us, c.class_n, coalesce(c.lacking, 0) AS lacking, c.lacking_us,
    coalesce(h.segments, 0) AS segments, h.keep_days,
    coalesce(h.early, 0) AS early, h.early_us,
    coalesce(h.damaged, 0) AS damaged, h.damaged_us,
    coalesce(e.through, 0) AS through, coalesce(e.broken, 0) AS broken,
    d.at_us AS disk_us, d.free, d.day_bytes
  FROM senders AS n
  LEFT JOIN span AS p
    ON p.agency = n.agency AND p.key = n.key AND p.class = n.class
  LEFT JOIN gaps AS g
    ON g.agency = n.agency AND g.key = n.key AND g.class = n.class
  LEFT JOIN conn_gap AS w
    ON w.agency = n.agency AND w.key = n.key AND w.class = n.class
  LEFT JOIN class_seen AS c
    ON c.agency = n.agency AND c.key = n.key AND c.class = n.class
  LEFT JOIN held AS h
    ON h.agency = n.agency AND h.key = n.key AND h.class = n.class
  LEFT JOIN sealed AS e ON e.agency = n.agency
  LEFT JOIN space AS d ON true),
judged AS (
  SELECT f.*,
    CASE
      WHEN scope <> 'live' THEN scope
      WHEN early > 0 THEN 'deleted_early'
      WHEN damaged > 0 THEN 'damaged'
      WHEN keep_days < days THEN 'keep'
      WHEN lacking > 0 THEN 'lacking'
      WHEN first_us IS NULL THEN 'nothing_arrived'
      WHEN broken > 0 THEN 'missing_segment'
      WHEN class_us IS NULL
        OR class_us + :seen_days * 86400000000 <= until_us THEN 'never_seen'
      WHEN gap_us IS NOT NULL THEN 'gap'
      WHEN disk_us IS NULL OR disk_us + :disk_hours * 3600000000 <= :at
        THEN 'no_forecast'
      WHEN free < day_bytes * max(:disk_days,
          days - (disk_us - first_us) / 86400000000) THEN 'disk'
    END AS problem
  FROM facts AS f)
SELECT
  agency,
  key || '/' || class AS subject,
  name || ' ' || class AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem IN ('no_forecast', 'disk') THEN 'due'
    WHEN problem IN ('deleted_early', 'damaged', 'keep', 'lacking')
      THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'deleted_early' THEN early_us
    WHEN 'damaged' THEN damaged_us
    WHEN 'lacking' THEN lacking_us
    WHEN 'gap' THEN gap_us
    WHEN 'never_seen' THEN class_us + :seen_days * 86400000000
  END AS since,
  CASE problem WHEN 'gap' THEN gap_us + days * 86400000000 END AS due,
  problem,
  json_object(
    'log_source', name, 'class', class, 'days', days,
    'first_us', first_us, 'last_us', last_us, 'class_us', class_us,
    'seen_days', :seen_days, 'gap_us', gap_us,
    'silent_hours', silent_hours, 'segments', segments,
    'keep_days', keep_days, 'early', early, 'early_us', early_us,
    'damaged', damaged, 'lacking', lacking, 'lacking_us', lacking_us,
    'free', free, 'day_bytes', day_bytes, 'disk_hours', :disk_hours,
    'next_us', CASE WHEN scope = 'live' AND until_us = :at THEN
      ((:at + 3600000000) / 3600000000) * 3600000000 END,
    'marks', json_object('sources@' || edition, sources,
      'through', through, 'disk_us', coalesce(disk_us, 0),
      'seen@' || edition, coalesce(class_us, 0),
      'n@' || edition, CASE WHEN first_us > :at - 399 * 86400000000
        THEN coalesce(class_n, 0) END)) AS evidence
FROM judged
ORDER BY agency, subject
