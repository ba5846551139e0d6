-- Search of species by scientific or vernacular name, for portals. Tables of our own, filled by a function: nothing
-- here depends on the views of schema cde, which another harvester may drop and make again.
-- min-reader: 1

-- Text as it is compared: without accents, ligatures and case, blanks made one. Where the database has `unaccent`, its
-- rules are applied too.
DO $do$
DECLARE
    home text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'unaccent');
    plain text := $$translate(replace(replace(replace(
        regexp_replace(normalize(lower(text_given), NFKD), '[\u0300-\u036f]', '', 'g'), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'),
        'øłđð’‘ʼ´`', 'oldd''''''''''')$$;
BEGIN
    EXECUTE format($fn$
        CREATE OR REPLACE FUNCTION harvester.fold(text_given text) RETURNS text
            LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            AS $$SELECT btrim(regexp_replace(%s, '\s+', ' ', 'g'))$$
        $fn$,
        CASE WHEN home IS NULL THEN plain ELSE format('lower(%I.unaccent(%L::regdictionary, %s))', home, home || '.unaccent', plain) END);
END
$do$;

-- One row a scientific name of the cells, with what is known of it.
CREATE TABLE IF NOT EXISTS harvester.name_index (
    scientific_name text PRIMARY KEY,
    aphia_id int,
    rank text,
    ancestor_aphia_ids int[] NOT NULL DEFAULT '{}',
    vernaculars_en text[] NOT NULL DEFAULT '{}',
    vernaculars_fr text[] NOT NULL DEFAULT '{}',
    total_records bigint NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS name_index_ancestors ON harvester.name_index USING gin (ancestor_aphia_ids);
CREATE INDEX IF NOT EXISTS name_index_records ON harvester.name_index (total_records DESC, scientific_name);
CREATE INDEX IF NOT EXISTS name_index_aphia_id ON harvester.name_index (aphia_id);

-- One row a name that somebody may type.
CREATE TABLE IF NOT EXISTS harvester.name_labels (
    scientific_name text NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    folded text NOT NULL,
    -- Of its scientific name, so that a search need not look that up to tell the frequent from the rare.
    total_records bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (scientific_name, kind, label)
);
CREATE INDEX IF NOT EXISTS name_labels_records ON harvester.name_labels (total_records DESC);
CREATE INDEX IF NOT EXISTS name_labels_start ON harvester.name_labels (folded text_pattern_ops);
CREATE INDEX IF NOT EXISTS name_labels_trigrams ON harvester.name_labels USING gin (folded gin_trgm_ops);

-- Brings both tables up to date, touching only what differs.
CREATE OR REPLACE FUNCTION harvester.refresh_name_index() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- One at a time: two would insert the same names.
    LOCK TABLE harvester.name_index IN SHARE ROW EXCLUSIVE MODE;
    CREATE TEMP TABLE fresh_names ON COMMIT DROP AS
    SELECT n.scientific_name, v.aphia_id, v.rank,
        coalesce(v.ancestor_aphia_ids, '{}') AS ancestor_aphia_ids,
        coalesce(v.vernaculars_en, '{}') AS vernaculars_en, coalesce(v.vernaculars_fr, '{}') AS vernaculars_fr,
        coalesce(p.total_records, 0) AS total_records
    FROM cde.obis_scientific_names n
    LEFT JOIN cde.scientific_name_vernaculars v USING (scientific_name)
    LEFT JOIN cde.obis_scientific_name_popularity p USING (scientific_name)
    WHERE n.scientific_name IS NOT NULL;
    CREATE TEMP TABLE fresh_labels ON COMMIT DROP AS
    SELECT DISTINCT scientific_name, kind, label, total_records
    FROM fresh_names CROSS JOIN LATERAL (
        SELECT 'scientific' AS kind, scientific_name AS label
        UNION ALL SELECT 'en', unnest(vernaculars_en)
        UNION ALL SELECT 'fr', unnest(vernaculars_fr)
    ) AS labels
    WHERE label <> '';
    ANALYZE fresh_names;
    ANALYZE fresh_labels;

    DELETE FROM harvester.name_index i
    WHERE NOT EXISTS (SELECT 1 FROM fresh_names f WHERE f.scientific_name = i.scientific_name);
    UPDATE harvester.name_index i
    SET aphia_id = f.aphia_id, rank = f.rank, ancestor_aphia_ids = f.ancestor_aphia_ids,
        vernaculars_en = f.vernaculars_en, vernaculars_fr = f.vernaculars_fr, total_records = f.total_records
    FROM fresh_names f
    WHERE f.scientific_name = i.scientific_name AND f IS DISTINCT FROM i;
    INSERT INTO harvester.name_index
    SELECT f.* FROM fresh_names f
    WHERE NOT EXISTS (SELECT 1 FROM harvester.name_index i WHERE i.scientific_name = f.scientific_name);

    DELETE FROM harvester.name_labels l WHERE NOT EXISTS (
        SELECT 1 FROM fresh_labels f WHERE (f.scientific_name, f.kind, f.label) = (l.scientific_name, l.kind, l.label));
    UPDATE harvester.name_labels l SET total_records = f.total_records FROM fresh_labels f
    WHERE (f.scientific_name, f.kind, f.label) = (l.scientific_name, l.kind, l.label) AND f.total_records <> l.total_records;
    INSERT INTO harvester.name_labels (scientific_name, kind, label, folded, total_records)
    SELECT f.scientific_name, f.kind, f.label, harvester.fold(f.label), f.total_records FROM fresh_labels f
    WHERE NOT EXISTS (
        SELECT 1 FROM harvester.name_labels l
        WHERE (f.scientific_name, f.kind, f.label) = (l.scientific_name, l.kind, l.label));

    DROP TABLE fresh_labels, fresh_names;
END
$$;

-- The ids of a taxon and of all that lies below it: a portal's cells are those whose aphia_ids overlap with them.
CREATE OR REPLACE FUNCTION harvester.taxon_ids(id int) RETURNS int[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT found.id ORDER BY found.id) FROM (
        SELECT $1 AS id WHERE $1 IS NOT NULL
        UNION ALL
        SELECT i.aphia_id FROM harvester.name_index i WHERE i.ancestor_aphia_ids @> ARRAY[$1] AND i.aphia_id IS NOT NULL
    ) AS found
$$;

-- Names by any text: those that have it in their scientific name or in a vernacular one, the best first; then, if there
-- is room, what lies below them in the tree of life (`below` names the taxon that the text named), most recorded first.
CREATE OR REPLACE FUNCTION harvester.search_names(query text, max_results int DEFAULT 20)
    RETURNS TABLE (
        scientific_name text, aphia_id int, rank text, vernaculars_en text[], vernaculars_fr text[],
        total_records bigint, matched text, matched_in text, below text
    )
    LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    wanted text := harvester.fold(left(query, 300));
    pattern text := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
    most int := least(greatest(coalesce(max_results, 20), 0), 1000);
    -- A name may be found by several of its labels.
    candidates int := 4 * most + 50;
    hit record;
    seen text[] := '{}';
    taxa int[] := '{}';
    names text[] := '{}';
BEGIN
    IF coalesce(wanted, '') = '' OR most = 0 THEN
        RETURN;
    END IF;
    -- Patterns and ids are written into the statements, so that the planner knows how common they are.
    FOR hit IN EXECUTE format($q$
        WITH hits AS (
            (SELECT * FROM harvester.name_labels WHERE folded = %3$L ORDER BY total_records DESC LIMIT %8$s)
            UNION
            (SELECT * FROM harvester.name_labels WHERE folded LIKE %1$L ORDER BY total_records DESC LIMIT %8$s)
            %2$s
        ), best AS (
            SELECT DISTINCT ON (scientific_name) scientific_name, kind, label, total_records,
                CASE WHEN folded = %3$L THEN 0 WHEN folded LIKE %4$L THEN 1
                    WHEN folded LIKE %5$L OR folded LIKE %6$L THEN 2 WHEN folded LIKE %1$L THEN 3 ELSE 4 END AS distance
            FROM hits
            ORDER BY scientific_name, distance, length(folded), kind, label
        ), chosen AS (
            SELECT * FROM best ORDER BY distance, total_records DESC, scientific_name LIMIT %7$s
        )
        SELECT i.*, c.kind, c.label FROM chosen c JOIN harvester.name_index i USING (scientific_name)
        ORDER BY c.distance, c.total_records DESC, c.scientific_name$q$,
        pattern || '%',
        -- Of less than three characters there is no trigram to look up.
        CASE WHEN length(wanted) >= 3 THEN format(
            'UNION (SELECT * FROM harvester.name_labels WHERE folded LIKE %L ORDER BY total_records DESC LIMIT %s)',
            '%' || pattern || '%', candidates) ELSE '' END,
        wanted, pattern || ' %', '% ' || pattern || ' %', '% ' || pattern, most, candidates)
    LOOP
        scientific_name := hit.scientific_name;
        aphia_id := hit.aphia_id;
        rank := hit.rank;
        vernaculars_en := hit.vernaculars_en;
        vernaculars_fr := hit.vernaculars_fr;
        total_records := hit.total_records;
        matched := hit.label;
        matched_in := hit.kind;
        below := NULL;
        RETURN NEXT;
        seen := seen || hit.scientific_name::text;
        IF hit.aphia_id IS NOT NULL AND NOT hit.aphia_id = ANY (taxa) AND cardinality(taxa) < 10 THEN
            taxa := taxa || hit.aphia_id::int;
            names := names || hit.scientific_name::text;
        END IF;
    END LOOP;
    FOR place IN 1 .. cardinality(taxa) LOOP
        EXIT WHEN cardinality(seen) >= most;
        FOR hit IN EXECUTE format($q$
            SELECT * FROM harvester.name_index
            WHERE ancestor_aphia_ids @> '{%s}' AND scientific_name <> ALL ($1)
            ORDER BY total_records DESC, scientific_name LIMIT %s$q$, taxa[place], most - cardinality(seen)) USING seen
        LOOP
            scientific_name := hit.scientific_name;
            aphia_id := hit.aphia_id;
            rank := hit.rank;
            vernaculars_en := hit.vernaculars_en;
            vernaculars_fr := hit.vernaculars_fr;
            total_records := hit.total_records;
            matched := names[place];
            matched_in := 'scientific';
            below := names[place];
            RETURN NEXT;
            seen := seen || hit.scientific_name::text;
        END LOOP;
    END LOOP;
END
$$;
