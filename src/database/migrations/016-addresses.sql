-- Addresses of sources in the one form in which they are read now: scheme and host in lower case, without the scheme's
-- own port, without slashes at the end. What an older version stored in another form would otherwise never be met again
-- by a harvest. A source whose normal form the index has too is left as it is (`harvester prune --source` removes it).
-- min-reader: 1

CREATE OR REPLACE FUNCTION pg_temp.normal_address(address text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN parts IS NULL THEN address
        ELSE lower(parts[1]) || '://' ||
            regexp_replace(lower(parts[2]), CASE lower(parts[1]) WHEN 'http' THEN ':0*80$' ELSE ':0*443$' END, '') ||
            regexp_replace(parts[3], '/+$', '') END
    FROM (SELECT regexp_match(btrim(address), '^([Hh][Tt][Tt][Pp][Ss]?)://([^/?#@]+)([^?#]*)$') AS parts) p
$$;

CREATE TEMP TABLE renamed_addresses ON COMMIT DROP AS
WITH stored AS (
    SELECT erddap_url AS address FROM cde.datasets
    UNION SELECT erddap_url FROM cde.datasets_lookup
    UNION SELECT erddap_url FROM cde.profiles
    UNION SELECT erddap_url FROM cde.skipped_datasets
    UNION SELECT erddap_url FROM cde.harvest_attempts
    UNION SELECT triggered_source FROM cde.harvest_runs
    UNION SELECT erddap_url FROM harvester.dataset_absence
    UNION SELECT erddap_url FROM harvester.pruned_datasets
    UNION SELECT erddap_url FROM harvester.sources
    UNION SELECT erddap_url FROM harvester.watched_sources
    UNION SELECT erddap_url FROM harvester.disk_views
    UNION SELECT subject FROM harvester.alert_states
), normal AS (
    SELECT address, pg_temp.normal_address(address) AS address_now FROM stored WHERE address IS NOT NULL
)
SELECT n.address AS old, n.address_now AS new FROM normal n
WHERE n.address <> n.address_now
  -- One source at most comes to each name, and none that has it already.
  AND (SELECT count(*) FROM normal o WHERE o.address_now = n.address_now) = 1;

UPDATE cde.datasets SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE cde.datasets_lookup SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE cde.profiles SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE cde.skipped_datasets SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE cde.harvest_attempts SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE cde.harvest_runs SET triggered_source = new FROM renamed_addresses WHERE triggered_source = old;
UPDATE harvester.dataset_absence SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE harvester.pruned_datasets SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE harvester.sources SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE harvester.watched_sources SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE harvester.disk_views SET erddap_url = new FROM renamed_addresses WHERE erddap_url = old;
UPDATE harvester.alert_states SET subject = new FROM renamed_addresses WHERE subject = old;
