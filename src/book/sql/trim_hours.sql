DELETE FROM rollup_hour WHERE hour_us < :before
