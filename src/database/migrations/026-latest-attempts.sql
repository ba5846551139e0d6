-- The latest attempt of each dataset, so that looking at all of them reads nothing of the years before. Triggers keep
-- it: whoever writes the audit, be it another harvester or a person, need not know of it, nor have rights on it.
-- min-reader: 1

CREATE TABLE IF NOT EXISTS harvester.latest_attempts (
    erddap_url text NOT NULL,
    dataset_id text NOT NULL,
    run_id uuid NOT NULL,
    attempted_at timestamptz NOT NULL,
    status text,
    reason_code text,
    PRIMARY KEY (erddap_url, dataset_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE harvester.latest_attempts IS
  'The latest row of cde.harvest_attempts of each dataset, kept by triggers on it.';

-- Rows are taken in the order of `attemptOrder`, so that no two writers wait for each other.
CREATE OR REPLACE FUNCTION harvester.add_latest_attempts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    INSERT INTO harvester.latest_attempts AS l (erddap_url, dataset_id, run_id, attempted_at, status, reason_code)
    SELECT DISTINCT ON (erddap_url COLLATE "C", dataset_id COLLATE "C")
        erddap_url, dataset_id, run_id, attempted_at, status, reason_code
    FROM came WHERE attempted_at IS NOT NULL
    ORDER BY erddap_url COLLATE "C", dataset_id COLLATE "C", attempted_at DESC
    ON CONFLICT (erddap_url, dataset_id) DO UPDATE SET
        run_id = excluded.run_id, attempted_at = excluded.attempted_at, status = excluded.status,
        reason_code = excluded.reason_code
    WHERE excluded.attempted_at >= l.attempted_at;
    RETURN NULL;
END
$fn$;

-- What changed or went is looked up again. The rows are locked first: what follows then sees all that others committed.
CREATE OR REPLACE FUNCTION harvester.renew_latest_attempts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    urls text[];
    ids text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(erddap_url), array_agg(dataset_id) INTO urls, ids
        FROM (SELECT erddap_url, dataset_id FROM gone UNION SELECT erddap_url, dataset_id FROM came) AS keys;
    ELSE
        SELECT array_agg(erddap_url), array_agg(dataset_id) INTO urls, ids
        FROM (SELECT DISTINCT erddap_url, dataset_id FROM gone) AS keys;
    END IF;
    IF urls IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM harvester.latest_attempts l JOIN unnest(urls, ids) AS k (erddap_url, dataset_id)
        ON l.erddap_url = k.erddap_url AND l.dataset_id = k.dataset_id
    ORDER BY l.erddap_url COLLATE "C", l.dataset_id COLLATE "C" FOR UPDATE OF l;
    DELETE FROM harvester.latest_attempts l USING unnest(urls, ids) AS k (erddap_url, dataset_id)
    WHERE l.erddap_url = k.erddap_url AND l.dataset_id = k.dataset_id AND NOT EXISTS (
        SELECT 1 FROM cde.harvest_attempts a
        WHERE a.erddap_url = k.erddap_url AND a.dataset_id = k.dataset_id AND a.attempted_at IS NOT NULL);
    INSERT INTO harvester.latest_attempts AS l (erddap_url, dataset_id, run_id, attempted_at, status, reason_code)
    SELECT k.erddap_url, k.dataset_id, a.run_id, a.attempted_at, a.status, a.reason_code
    FROM unnest(urls, ids) AS k (erddap_url, dataset_id) CROSS JOIN LATERAL (
        SELECT * FROM cde.harvest_attempts a
        WHERE a.erddap_url = k.erddap_url AND a.dataset_id = k.dataset_id AND a.attempted_at IS NOT NULL
        ORDER BY a.attempted_at DESC LIMIT 1) AS a
    ORDER BY k.erddap_url COLLATE "C", k.dataset_id COLLATE "C"
    ON CONFLICT (erddap_url, dataset_id) DO UPDATE SET
        run_id = excluded.run_id, attempted_at = excluded.attempted_at, status = excluded.status,
        reason_code = excluded.reason_code
    WHERE (l.run_id, l.attempted_at, l.status, l.reason_code)
        IS DISTINCT FROM (excluded.run_id, excluded.attempted_at, excluded.status, excluded.reason_code);
    RETURN NULL;
END
$fn$;

CREATE OR REPLACE FUNCTION harvester.empty_latest_attempts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    DELETE FROM harvester.latest_attempts;
    RETURN NULL;
END
$fn$;

CREATE TRIGGER latest_attempts_added AFTER INSERT ON cde.harvest_attempts
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION harvester.add_latest_attempts();
CREATE TRIGGER latest_attempts_changed AFTER UPDATE ON cde.harvest_attempts
    REFERENCING OLD TABLE AS gone NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION harvester.renew_latest_attempts();
CREATE TRIGGER latest_attempts_removed AFTER DELETE ON cde.harvest_attempts
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION harvester.renew_latest_attempts();
CREATE TRIGGER latest_attempts_emptied AFTER TRUNCATE ON cde.harvest_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.empty_latest_attempts();

-- What is there already, from one dataset to the next by the index: the length of the history costs nothing.
WITH RECURSIVE walk AS (
    (SELECT a.erddap_url, a.dataset_id, a.run_id, a.attempted_at, a.status, a.reason_code FROM cde.harvest_attempts a
     WHERE a.attempted_at IS NOT NULL ORDER BY a.erddap_url, a.dataset_id, a.attempted_at DESC LIMIT 1)
    UNION ALL
    SELECT next.* FROM walk CROSS JOIN LATERAL (
        SELECT a.erddap_url, a.dataset_id, a.run_id, a.attempted_at, a.status, a.reason_code FROM cde.harvest_attempts a
        WHERE (a.erddap_url, a.dataset_id) > (walk.erddap_url, walk.dataset_id) AND a.attempted_at IS NOT NULL
        ORDER BY a.erddap_url, a.dataset_id, a.attempted_at DESC LIMIT 1) AS next
)
INSERT INTO harvester.latest_attempts (erddap_url, dataset_id, run_id, attempted_at, status, reason_code)
SELECT erddap_url, dataset_id, run_id, attempted_at, status, reason_code FROM walk
ON CONFLICT DO NOTHING;
