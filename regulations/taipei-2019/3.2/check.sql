-- 3.2: who leads: the information head or a named person, and a head for
-- each unit. An appointment holds to the end of its last day; a vacant post
-- is unmet from its first microsecond.
WITH people AS (
  SELECT agency, key AS person,
    CASE WHEN voided = 1 OR status = 'left' AND left_on IS NULL THEN 0
      ELSE coalesce(min(left_on, moved_on), left_on, moved_on) END AS end_us,
    employed_on
  FROM person
  WHERE effective_us <= :at),
posts AS (
  SELECT a.agency, a.role, a.unit, a.person, a."from" AS from_us,
    min(coalesce(a.until + 86400000000, 9223372036854775807),
      CASE WHEN p.end_us IS NULL OR p.employed_on > p.end_us
        THEN 9223372036854775807 ELSE p.end_us END) AS until_us
  FROM appointment AS a
  LEFT JOIN people AS p ON p.agency = a.agency AND p.person = a.person
  WHERE a.effective_us <= :at AND a.voided = 0
    AND a.role IN ('unit-head', 'it-officer')),
units AS (
  SELECT u.agency, u.key AS unit, u.name, u.kind, u.effective_us, u.head,
    CASE
      WHEN u.voided = 1 AND coalesce(u.ground, '') = '' THEN 'voided'
      WHEN u.voided = 1 THEN 'removed'
      ELSE 'live'
    END AS scope
  FROM unit AS u
  WHERE u.effective_us <= :at),
terms AS (
  SELECT agency, unit, from_us, until_us
  FROM posts
  WHERE role = 'unit-head' AND unit IS NOT NULL
  UNION ALL
  SELECT u.agency, u.unit, u.effective_us,
    CASE WHEN p.end_us IS NULL OR p.employed_on > p.end_us
      THEN 9223372036854775807 ELSE p.end_us END
  FROM units AS u
  JOIN people AS p ON p.agency = u.agency AND p.person = u.head),
heads AS (
  SELECT u.agency, u.unit, u.name, u.kind, u.scope,
    max(CASE WHEN t.from_us <= :at AND t.until_us > :at THEN t.until_us END)
      AS until_us,
    max(CASE WHEN t.until_us <= :at THEN t.until_us END) AS ended_us,
    max(t.until_us) AS last_us, u.effective_us
  FROM units AS u
  LEFT JOIN terms AS t ON t.agency = u.agency AND t.unit = u.unit
  GROUP BY u.agency, u.unit, u.name, u.kind, u.scope, u.effective_us),
unit_rows AS (
  SELECT h.*,
    CASE
      WHEN scope <> 'live' THEN scope
      WHEN until_us IS NULL THEN 'vacant'
      WHEN until_us - :warn_days * 86400000000 <= :at
        AND last_us = until_us THEN 'ends_soon'
    END AS problem,
    coalesce(max(ended_us, effective_us), ended_us, effective_us)
      AS vacant_us
  FROM heads AS h),
lead AS (
  SELECT a.key AS agency, a.name,
    (SELECT count(*) FROM units AS u
     WHERE u.agency = a.key AND u.scope = 'live') AS n_units,
    (SELECT count(*) FROM units AS u
     WHERE u.agency = a.key AND u.scope = 'live'
       AND u.kind = 'information') AS n_information,
    (SELECT max(p.until_us) FROM posts AS p
     WHERE p.agency = a.key AND p.role = 'it-officer'
       AND p.from_us <= :at AND p.until_us > :at) AS named_us,
    (SELECT max(h.until_us) FROM heads AS h
     WHERE h.agency = a.key AND h.kind = 'information'
       AND h.scope = 'live') AS head_us
  FROM agency AS a
  WHERE a.effective_us <= :at AND a.voided = 0),
rowset AS (
  SELECT agency, 'lead' AS subject, name AS title, name AS agency_name,
    name AS unit, NULL AS since, NULL AS vacant_us,
    coalesce(max(head_us, named_us), head_us, named_us) AS until_us,
    CASE
      WHEN head_us IS NOT NULL OR named_us IS NOT NULL THEN NULL
      WHEN n_units = 0 THEN 'no_unit'
      ELSE 'no_lead'
    END AS problem
  FROM lead
  UNION ALL
  SELECT agency, 'unit/' || unit, name, agency, name,
    CASE problem WHEN 'vacant' THEN vacant_us
      WHEN 'ends_soon' THEN until_us - :warn_days * 86400000000 END,
    vacant_us, until_us, problem
  FROM unit_rows)
SELECT
  agency,
  subject,
  title AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem = 'ends_soon' THEN 'due'
    WHEN problem IN ('vacant', 'no_lead') THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  since,
  CASE
    WHEN problem = 'vacant' THEN vacant_us
    WHEN (problem IS NULL OR problem = 'ends_soon')
      AND until_us < 9223372036854775807 THEN until_us
  END AS due,
  problem,
  json_object(
    'agency', agency_name, 'unit', unit,
    'until_us', CASE WHEN until_us < 9223372036854775807 THEN until_us END,
    'vacant_us', CASE WHEN problem = 'vacant' THEN vacant_us END,
    'next_us', CASE
      WHEN until_us = 9223372036854775807 THEN NULL
      WHEN problem = 'ends_soon' OR subject = 'lead' THEN until_us
      WHEN problem IS NULL THEN max(:at + 1,
        until_us - :warn_days * 86400000000) END) AS evidence
FROM rowset
ORDER BY agency, subject
