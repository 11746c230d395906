SELECT agency, key, system, kind, firewall, keep_days, match_host,
    match_address, sign_in, sign_out, privilege
FROM log_source WHERE voided = 0 ORDER BY agency, key
