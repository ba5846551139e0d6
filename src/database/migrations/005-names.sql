-- The scientific names of the OBIS cells, for the portal's search.
-- min-reader: 1

CREATE MATERIALIZED VIEW IF NOT EXISTS cde.obis_scientific_names AS
SELECT DISTINCT unnest(scientific_names) AS scientific_name FROM cde.obis_cells;
CREATE UNIQUE INDEX IF NOT EXISTS obis_scientific_names_name ON cde.obis_scientific_names (scientific_name);
CREATE INDEX IF NOT EXISTS obis_scientific_names_trigrams ON cde.obis_scientific_names USING gin (scientific_name gin_trgm_ops);

CREATE MATERIALIZED VIEW IF NOT EXISTS cde.obis_scientific_name_popularity AS
SELECT name AS scientific_name, sum(n_records)::bigint AS total_records
FROM cde.obis_cells CROSS JOIN LATERAL unnest(scientific_names) AS name
GROUP BY name;
CREATE UNIQUE INDEX IF NOT EXISTS obis_scientific_name_popularity_name
    ON cde.obis_scientific_name_popularity (scientific_name);
