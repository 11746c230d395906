-- 21.8: accounts are not shared, or by the head's authorisation, for named
-- users, with a compensating control: one row per system (would it be seen?)
-- and per system and account that was shared.
WITH systems AS (
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
  SELECT agency, system, key, name,
    coalesce(silent_hours, :silent_hours) AS silent_hours,
    coalesce(sign_in, 0) AS sign_in,
    voided = 0 AND (retired_on IS NULL OR retired_on > :at) AS live
  FROM log_source
  WHERE effective_us <= :at),
editions AS (
  SELECT agency, sum(entry) AS edition
  FROM log_source
  WHERE effective_us <= :at
  GROUP BY agency),
seen AS (
  SELECT s.agency, s.log_source, s.id, s.first_us, s.detections,
    (SELECT count(*) FROM detection AS d WHERE d.source = s.id) AS stored,
    CASE WHEN s.last_us <= :at THEN s.last_us
      ELSE coalesce((
        SELECT max(CASE WHEN r.last_us <= :at THEN r.last_us
                        ELSE r.first_us END)
        FROM rollup_day AS r
        WHERE r.source = s.id AND r.first_us <= :at), s.first_us)
    END AS last_us,
    (SELECT CASE WHEN r.last_us <= :at THEN r.last_us ELSE r.first_us END
     FROM rollup_day AS r
     WHERE r.source = s.id AND r.category = 'sign-in'
       AND r.first_us <= :at
     ORDER BY r.day_us DESC LIMIT 1) AS kind_us
  FROM source AS s
  WHERE s.log_source IS NOT NULL AND s.first_us <= :at),
alive AS (
  SELECT agency, log_source, max(last_us) AS last_us,
    max(kind_us) AS kind_us, count(*) AS sources
  FROM seen
  GROUP BY agency, log_source),
counts AS (
  SELECT n.agency, n.system, count(*) AS sources,
    sum(s.detections) AS counted, sum(s.stored) AS stored,
    sum(s.detections <> s.stored) AS holes
  FROM senders AS n
  JOIN seen AS s ON s.agency = n.agency AND s.log_source = n.key
  GROUP BY n.agency, n.system),
carriers AS (
  SELECT n.agency, n.system, n.key, n.name, n.silent_hours, a.last_us,
    a.kind_us, a.last_us + n.silent_hours * 3600000000 AS silent_us,
    a.kind_us + :kind_days * 86400000000 AS absent_us,
    CASE
      WHEN a.last_us IS NULL THEN 'nothing_arrived'
      WHEN a.last_us + n.silent_hours * 3600000000 <= :at THEN 'silent'
      WHEN a.kind_us IS NULL
        OR a.kind_us + :kind_days * 86400000000 <= :at THEN 'no_sign_in'
    END AS problem
  FROM senders AS n
  LEFT JOIN alive AS a ON a.agency = n.agency AND a.log_source = n.key
  WHERE n.live AND n.sign_in = 1),
worst AS (
  SELECT c.*,
    row_number() OVER (
      PARTITION BY agency, system
      ORDER BY CASE problem WHEN 'nothing_arrived' THEN 1 WHEN 'silent' THEN 2
          WHEN 'no_sign_in' THEN 3 ELSE 5 END,
        min(silent_us, absent_us), key) AS place
  FROM carriers AS c),
lists AS (
  SELECT l.agency, l.system, l.key, l.taken, l.rows AS rows_said,
    row_number() OVER (PARTITION BY l.agency, l.system
      ORDER BY l.taken DESC, l.key DESC) AS place
  FROM account_list AS l
  WHERE l.effective_us <= :at AND l.taken <= :at AND l.voided = 0),
newest AS (
  SELECT l.*,
    (SELECT count(*) FROM account AS a
     WHERE a.agency = l.agency AND a.list = l.key
       AND (a.voided = 0 OR coalesce(a.ground, '') <> '')) AS rows_stored
  FROM lists AS l
  WHERE place = 1),
watch AS (
  SELECT y.agency, y.system, y.name, y.scope, w.name AS log_source,
    w.last_us, w.kind_us, w.silent_us, w.absent_us,
    coalesce(c.sources, 0) AS sources, coalesce(c.counted, 0) AS counted,
    coalesce(c.stored, 0) AS stored, coalesce(e.edition, 0) AS edition,
    l.taken, l.rows_said, l.rows_stored,
    CASE
      WHEN y.scope <> 'live' THEN y.scope
      WHEN w.agency IS NULL THEN 'no_source'
      WHEN w.problem IN ('nothing_arrived', 'silent') THEN w.problem
      WHEN c.holes > 0 THEN 'hole'
      WHEN l.rows_said > l.rows_stored THEN 'list_incomplete'
      ELSE w.problem
    END AS problem
  FROM systems AS y
  LEFT JOIN worst AS w
    ON w.agency = y.agency AND w.system = y.system AND w.place = 1
  LEFT JOIN counts AS c ON c.agency = y.agency AND c.system = y.system
  LEFT JOIN editions AS e ON e.agency = y.agency
  LEFT JOIN newest AS l ON l.agency = y.agency AND l.system = y.system),
marked AS (
  SELECT a.agency, a.system, a.account AS user,
    min(a.shared_until) AS until_us, min(a.key) AS account,
    min(a.shared_authorised_by IS NOT NULL AND a.shared_until IS NOT NULL
      AND coalesce(a.shared_users, '') <> ''
      AND coalesce(a.shared_control, '') <> '') AS authorised
  FROM newest AS l
  JOIN account AS a ON a.agency = l.agency AND a.list = l.key
  WHERE a.voided = 0 AND a.shared = 1 AND a.status = 'active'
  GROUP BY a.agency, a.system, a.account),
used AS (
  SELECT n.agency, n.system, coalesce(nullif(d.user, ''), d.subject) AS user,
    d.first_us, d.source, d.n,
    EXISTS (
      SELECT 1 FROM answer AS w
      WHERE w.source = d.source AND w.detection = d.n AND w.voided = 0
        AND w.effective_us <= :at AND w."at" <= :at) AS answered
  FROM detection AS d
  JOIN seen AS s ON s.id = d.source
  JOIN senders AS n ON n.agency = s.agency AND n.key = s.log_source
  WHERE d.rule LIKE 'concurrent-use%' AND d.first_us <= :at),
users AS (
  SELECT agency, system, user,
    min(CASE WHEN NOT answered THEN first_us END) AS open_us,
    min(first_us) AS first_us, sum(NOT answered) AS open_n,
    json_group_array(source || '.' || n) AS ids
  FROM used
  GROUP BY agency, system, user),
names AS (
  SELECT agency, system, account AS user
  FROM account
  WHERE shared = 1 AND effective_us <= :at
  UNION
  SELECT agency, system, user FROM users),
shared AS (
  SELECT x.agency, x.system, x.user, m.until_us, m.account, m.authorised,
    u.open_us, coalesce(u.open_us, u.first_us) AS first_us, u.ids,
    CASE
      WHEN m.authorised = 0 THEN 'unauthorised'
      WHEN m.until_us <= :at THEN 'ended'
      WHEN m.until_us - :warn_days * 86400000000 <= :at THEN 'ends_soon'
      WHEN m.authorised = 1 THEN 'authorised'
      WHEN u.open_us IS NOT NULL THEN 'concurrent'
    END AS problem
  FROM names AS x
  LEFT JOIN marked AS m
    ON m.agency = x.agency AND m.system = x.system AND m.user = x.user
  LEFT JOIN users AS u
    ON u.agency = x.agency AND u.system = x.system AND u.user = x.user),
rowset AS (
  SELECT w.*, w.system AS subject, w.name AS title, NULL AS user,
    NULL AS first_us, NULL AS until_us, '[]' AS ids, NULL AS account,
    w.problem AS said
  FROM watch AS w
  UNION ALL
  SELECT w.*, w.system || '/' || s.user, w.name || ' ' || s.user, s.user,
    s.first_us, s.until_us, coalesce(s.ids, '[]'), s.account,
    CASE
      WHEN w.scope = 'removed' THEN 'removed'
      WHEN s.problem IN ('unauthorised', 'ended', 'concurrent')
        THEN s.problem
      WHEN w.problem = 'list_incomplete' OR s.problem IS NULL
        THEN w.problem
      ELSE s.problem
    END
  FROM shared AS s
  JOIN watch AS w ON w.agency = s.agency AND w.system = s.system)
SELECT
  agency,
  subject,
  title AS subject_title,
  CASE
    WHEN said IS NULL THEN 'met'
    WHEN said = 'removed' THEN 'n/a'
    WHEN said = 'authorised' THEN 'excepted'
    WHEN said = 'ends_soon' THEN 'due'
    WHEN said IN ('unauthorised', 'ended', 'concurrent') THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE said
    WHEN 'concurrent' THEN first_us
    WHEN 'ended' THEN until_us
    WHEN 'silent' THEN silent_us
    WHEN 'no_sign_in' THEN absent_us
  END AS since,
  CASE
    WHEN said IN ('authorised', 'ends_soon', 'ended') THEN until_us
    WHEN said = 'concurrent' THEN first_us
    WHEN said IS NULL AND user IS NULL THEN absent_us
  END AS due,
  said AS problem,
  json_object(
    'system', name, 'log_source', log_source, 'last_us', last_us,
    'kind_us', kind_us, 'kind_days', :kind_days, 'user', user,
    'first_us', first_us, 'until_us', until_us, 'account', account,
    'detections', json(ids), 'rows', rows_said, 'stored_rows', rows_stored,
    'counted', counted, 'stored', stored, 'identity', json(ids),
    'next_us', CASE
      WHEN said = 'authorised' THEN until_us - :warn_days * 86400000000
      WHEN said = 'ends_soon' THEN until_us
      WHEN said IS NULL THEN min(silent_us, absent_us) END,
    'marks', json_object('sources@' || edition, sources,
      'detections@' || edition, counted,
      'list_us', coalesce(taken, 0))) AS evidence
FROM rowset
ORDER BY agency, subject
