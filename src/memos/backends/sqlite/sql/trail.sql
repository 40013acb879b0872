-- What exports of the logs read beside the logs themselves.

-- name: tenants
SELECT tid, name FROM tenant;
