-- 21.10: brute force is seen in each system's logs, and stopped or answered:
-- one row per system (would it be seen?) and per system and target.
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
     WHERE r.source = s.id AND r.category = 'sign-in-failed'
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
        OR a.kind_us + :kind_days * 86400000000 <= :at THEN 'never_failed'
      WHEN a.kind_us + (:kind_days - :warn_days) * 86400000000 <= :at
        THEN 'soon'
    END AS problem
  FROM senders AS n
  LEFT JOIN alive AS a ON a.agency = n.agency AND a.log_source = n.key
  WHERE n.live AND n.sign_in = 1),
worst AS (
  SELECT c.*,
    row_number() OVER (
      PARTITION BY agency, system
      ORDER BY CASE problem WHEN 'nothing_arrived' THEN 1 WHEN 'silent' THEN 2
          WHEN 'never_failed' THEN 3 WHEN 'soon' THEN 4 ELSE 5 END,
        min(silent_us, absent_us), key) AS place
  FROM carriers AS c),
watch AS (
  SELECT y.agency, y.system, y.name, y.scope, w.name AS log_source,
    w.last_us, w.kind_us, w.silent_us, w.absent_us,
    coalesce(c.sources, 0) AS sources, coalesce(c.counted, 0) AS counted,
    coalesce(c.stored, 0) AS stored, coalesce(e.edition, 0) AS edition,
    CASE
      WHEN y.scope <> 'live' THEN y.scope
      WHEN w.agency IS NULL THEN 'no_source'
      WHEN w.problem IN ('nothing_arrived', 'silent') THEN w.problem
      WHEN c.holes > 0 THEN 'hole'
      ELSE w.problem
    END AS problem
  FROM systems AS y
  LEFT JOIN worst AS w
    ON w.agency = y.agency AND w.system = y.system AND w.place = 1
  LEFT JOIN counts AS c ON c.agency = y.agency AND c.system = y.system
  LEFT JOIN editions AS e ON e.agency = y.agency
),
attacks AS (
  SELECT s.agency, s.log_source, d.source, d.subject, d.first_us,
    max(d.last_us) AS last_us, max(d."count") AS tries,
    max(d.rule LIKE '%-success') AS success,
    max(d.rule LIKE '%-locked') AS locked,
    max(EXISTS (
      SELECT 1 FROM answer AS w
      WHERE w.source = d.source AND w.detection = d.n AND w.voided = 0
        AND w.effective_us <= :at AND w."at" <= :at)) AS answered,
    json_group_array(d.source || '.' || d.n) AS ids
  FROM detection AS d
  JOIN seen AS s ON s.id = d.source
  WHERE d.rule LIKE 'brute-force%' AND d.first_us <= :at
  GROUP BY s.agency, s.log_source, d.source, d.subject, d.first_us),
attack_state AS (
  SELECT n.agency, n.system, a.*,
    a.first_us + :answer_hours * 3600000000 AS due_us,
    CASE
      WHEN answered THEN NULL
      WHEN success THEN 'broken_in'
      WHEN locked THEN NULL
      WHEN a.first_us + :answer_hours * 3600000000 <= :at THEN 'unanswered'
      ELSE 'open'
    END AS problem
  FROM attacks AS a
  JOIN senders AS n ON n.agency = a.agency AND n.key = a.log_source),
targets AS (
  SELECT a.*,
    row_number() OVER (
      PARTITION BY agency, system, subject
      ORDER BY CASE problem WHEN 'broken_in' THEN 0 WHEN 'unanswered' THEN 1
          WHEN 'open' THEN 2 ELSE 3 END,
        first_us, source) AS place,
    count(*) OVER (PARTITION BY agency, system, subject) AS attacks,
    group_concat(trim(ids, '[]'), ',') OVER (
      PARTITION BY agency, system, subject ORDER BY first_us, source
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS all_ids
  FROM attack_state AS a),
rowset AS (
  SELECT agency, system, name, system AS subject, name AS title, problem,
    log_source, last_us, kind_us, silent_us, absent_us, counted, stored,
    edition, sources, NULL AS target, NULL AS first_us, NULL AS due_us,
    NULL AS tries, '[]' AS ids, '' AS all_ids, NULL AS attacks
  FROM watch
  UNION ALL
  SELECT w.agency, w.system, w.name, w.system || '/' || t.subject,
    w.name || ' ' || t.subject,
    CASE
      WHEN w.scope = 'removed' THEN 'removed'
      WHEN t.problem IN ('broken_in', 'unanswered') THEN t.problem
      WHEN w.problem IN ('nothing_arrived', 'silent', 'hole', 'no_source',
        'voided') THEN w.problem
      ELSE t.problem
    END,
    w.log_source, w.last_us, w.kind_us, w.silent_us, w.absent_us, w.counted,
    w.stored, w.edition, w.sources, t.subject, t.first_us, t.due_us, t.tries,
    t.ids, t.all_ids, t.attacks
  FROM targets AS t
  JOIN watch AS w ON w.agency = t.agency AND w.system = t.system
  WHERE t.place = 1)
-- How long an answer may take the sentence does not say: past that number of
-- practice nobody knows whether the attack was stopped, so it is unknown.
SELECT
  agency,
  subject,
  title AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem IN ('open', 'soon') THEN 'due'
    WHEN problem = 'broken_in' THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'broken_in' THEN first_us
    WHEN 'unanswered' THEN due_us
    WHEN 'open' THEN first_us
    WHEN 'silent' THEN silent_us
    WHEN 'never_failed' THEN absent_us
  END AS since,
  CASE
    WHEN problem IN ('open', 'unanswered') THEN due_us
    WHEN problem = 'broken_in' THEN first_us
    WHEN target IS NULL AND (problem IS NULL OR problem = 'soon')
      THEN absent_us
  END AS due,
  problem,
  json_object(
    'system', name, 'log_source', log_source, 'last_us', last_us,
    'kind_us', kind_us, 'kind_days', :kind_days, 'target', target,
    'first_us', first_us, 'due_us', due_us, 'count', tries,
    'detections', json(ids), 'attacks', attacks,
    'identity', json('[' || all_ids || ']'),
    'answer_hours', :answer_hours, 'counted', counted, 'stored', stored,
    'next_us', CASE
      WHEN problem = 'open' THEN min(due_us, silent_us)
      WHEN problem IS NULL AND target IS NULL
        THEN min(silent_us, absent_us - :warn_days * 86400000000)
      WHEN problem IS NULL THEN silent_us
      WHEN problem = 'soon' THEN min(silent_us, absent_us) END,
    'marks', json_object('sources@' || edition, sources,
      'detections@' || edition, counted)) AS evidence
FROM rowset
ORDER BY agency, subject
