DELETE FROM rollup_day WHERE day_us < :before
