-- 4.2: when people leave or move, their rights end: one row per system (is
-- its account list known?) and per system and person who left and had an
-- account there.
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
lists AS (
  SELECT agency, system, key, taken, rows AS rows_said,
    row_number() OVER (PARTITION BY agency, system
      ORDER BY taken DESC, key DESC) AS place
  FROM account_list
  WHERE effective_us <= :at AND taken <= :at AND voided = 0),
newest AS (
  SELECT l.*, l.taken + :list_days * 86400000000 AS old_us,
    (SELECT count(*) FROM account AS a
     WHERE a.agency = l.agency AND a.list = l.key
       AND (a.voided = 0 OR coalesce(a.ground, '') <> '')) AS rows_stored
  FROM lists AS l
  WHERE place = 1),
known AS (
  SELECT y.*, l.key AS list, l.taken, l.old_us, l.rows_said, l.rows_stored,
    CASE
      WHEN y.scope <> 'live' THEN y.scope
      WHEN l.key IS NULL THEN 'no_list'
      WHEN l.rows_said > l.rows_stored THEN 'list_incomplete'
      WHEN l.old_us <= :at THEN 'list_old'
      WHEN l.old_us - :warn_days * 86400000000 <= :at THEN 'list_soon'
    END AS problem
  FROM systems AS y
  LEFT JOIN newest AS l ON l.agency = y.agency AND l.system = y.system),
people AS (
  SELECT agency, key AS person, name,
    CASE
      WHEN voided = 1 AND coalesce(ground, '') = '' THEN 'voided'
      WHEN voided = 1 THEN 'removed'
      ELSE 'live'
    END AS scope,
    CASE
      WHEN left_on <= :at AND (employed_on IS NULL OR employed_on <= left_on)
        THEN CASE WHEN moved_on < left_on AND (employed_on IS NULL
            OR employed_on <= moved_on) THEN moved_on ELSE left_on END
      WHEN moved_on <= :at
        AND (employed_on IS NULL OR employed_on <= moved_on) THEN moved_on
      WHEN status = 'left' THEN effective_us
    END AS left_us
  FROM person
  WHERE effective_us <= :at),
holders AS (
  SELECT agency, system, person,
    json_group_array(agency || '/' || system || '/' || account) AS ids
  FROM (SELECT DISTINCT agency, system, person, account FROM account
        WHERE effective_us <= :at AND person IS NOT NULL)
  GROUP BY agency, system, person),
active AS (
  SELECT a.agency, a.system, a.person, json_group_array(a.account) AS accounts
  FROM newest AS l
  JOIN account AS a ON a.agency = l.agency AND a.list = l.key
  WHERE a.status = 'active' AND a.voided = 0 AND a.person IS NOT NULL
  GROUP BY a.agency, a.system, a.person),
leavers AS (
  SELECT k.agency, k.system, k.name AS system_name, k.taken, k.old_us,
    k.rows_said, k.rows_stored, p.person, p.name, p.left_us, a.accounts, h.ids,
    p.left_us + :revoke_days * 86400000000 AS due_us,
    CASE
      WHEN k.scope = 'removed' OR p.scope = 'removed' OR p.left_us IS NULL
        AND p.scope = 'live' THEN 'removed'
      WHEN p.scope = 'voided' OR k.scope = 'voided' THEN 'voided'
      WHEN a.accounts IS NOT NULL AND k.taken >= p.left_us THEN
        CASE WHEN p.left_us + :revoke_days * 86400000000 <= :at
          THEN 'still_active' ELSE 'pending' END
      WHEN k.problem IN ('no_list', 'list_incomplete') THEN k.problem
      WHEN k.taken < p.left_us THEN
        CASE WHEN p.left_us + :revoke_days * 86400000000 <= :at
          THEN 'list_before' ELSE 'pending' END
      WHEN k.problem = 'list_old' THEN k.problem
    END AS problem
  FROM holders AS h
  JOIN people AS p ON p.agency = h.agency AND p.person = h.person
  JOIN known AS k ON k.agency = h.agency AND k.system = h.system
  LEFT JOIN active AS a ON a.agency = h.agency AND a.system = h.system
    AND a.person = h.person),
rowset AS (
  SELECT agency, system AS subject, name AS title, name AS system_name, taken,
    old_us, rows_said, rows_stored, NULL AS left_us, NULL AS due_us,
    '[]' AS accounts, '[]' AS ids, NULL AS person, problem
  FROM known
  UNION ALL
  SELECT agency, system || '/' || person, system_name || ' ' || person,
    system_name, taken, old_us, rows_said, rows_stored, left_us, due_us,
    coalesce(accounts, '[]'), ids, person, problem
  FROM leavers)
SELECT
  agency,
  subject,
  title AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem IN ('pending', 'list_soon') THEN 'due'
    WHEN problem = 'still_active' THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'still_active' THEN due_us
    WHEN 'pending' THEN left_us
    WHEN 'list_before' THEN due_us
    WHEN 'list_old' THEN old_us
    WHEN 'list_soon' THEN old_us - :warn_days * 86400000000
  END AS since,
  CASE
    WHEN problem IN ('still_active', 'pending', 'list_before') THEN due_us
    WHEN problem IS NULL OR problem = 'list_soon' THEN old_us
  END AS due,
  problem,
  json_object(
    'system', system_name, 'person', person, 'taken_us', taken,
    'rows', rows_said, 'stored_rows', rows_stored,
    'list_days', :list_days, 'left_us', left_us, 'due_us', due_us,
    'accounts', json(accounts), 'identity', json(ids),
    'next_us', CASE
      WHEN problem = 'pending' THEN due_us
      WHEN problem IS NULL AND person IS NULL
        THEN old_us - :warn_days * 86400000000
      WHEN problem IS NULL OR problem = 'list_soon' THEN old_us END,
    'marks', json_object('list_us', coalesce(taken, 0))) AS evidence
FROM rowset
ORDER BY agency, subject
