-- 9.1: each system in service is graded on four aspects, the highest is its
-- grade, it is approved, and reviewed within the year.
WITH ranks (value, n) AS (VALUES ('low', 1), ('mid', 2), ('high', 3)),
graded AS (
  SELECT s.agency, s.key, s.name, s.grade, s.grade_approved AS approved_us,
    CASE
      WHEN s.voided = 1 AND coalesce(s.ground, '') = '' THEN 'voided'
      WHEN s.voided = 1 OR s.retired_on <= :at OR s.in_service_on > :at
        THEN 'removed'
      ELSE 'live'
    END AS scope,
    trim(CASE WHEN s.grade_c IS NULL THEN 'C ' ELSE '' END
      || CASE WHEN s.grade_i IS NULL THEN 'I ' ELSE '' END
      || CASE WHEN s.grade_a IS NULL THEN 'A ' ELSE '' END
      || CASE WHEN s.grade_l IS NULL THEN 'L ' ELSE '' END) AS missing,
    max(c.n, i.n, a.n, l.n) AS highest, g.n AS grade_n,
    months_before(s.grade_approved, -:review_months) AS review_us
  FROM system AS s
  LEFT JOIN ranks AS c ON c.value = s.grade_c
  LEFT JOIN ranks AS i ON i.value = s.grade_i
  LEFT JOIN ranks AS a ON a.value = s.grade_a
  LEFT JOIN ranks AS l ON l.value = s.grade_l
  LEFT JOIN ranks AS g ON g.value = s.grade
  WHERE s.effective_us <= :at),
judged AS (
  SELECT g.*, months_before(review_us, :warn_months) AS warn_us,
    CASE
      WHEN scope <> 'live' THEN scope
      WHEN missing <> '' THEN 'ungraded'
      WHEN grade_n IS NULL OR grade_n <> highest THEN 'not_highest'
      WHEN approved_us IS NULL OR approved_us > :at THEN 'unapproved'
      WHEN review_us <= :at THEN 'review_old'
      WHEN months_before(review_us, :warn_months) <= :at THEN 'review_soon'
    END AS problem
  FROM graded AS g)
SELECT
  agency,
  key AS subject,
  name AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem = 'review_soon' THEN 'due'
    WHEN problem IN ('ungraded', 'not_highest', 'unapproved') THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'review_old' THEN review_us
    WHEN 'review_soon' THEN warn_us
  END AS since,
  CASE WHEN problem IS NULL OR problem IN ('review_soon', 'review_old')
    THEN review_us END AS due,
  problem,
  json_object(
    'system', name, 'grade', grade, 'missing', missing,
    'approved_us', approved_us, 'review_us', review_us,
    'review_months', :review_months,
    'next_us', CASE problem
      WHEN 'review_soon' THEN review_us
      WHEN 'unapproved' THEN approved_us
      ELSE CASE WHEN problem IS NULL THEN warn_us END END) AS evidence
FROM judged
ORDER BY agency, subject
