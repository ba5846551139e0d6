-- Which kinds of sources there are is known to the program that writes the audit, not to its table: a new kind needs no
-- migration.
-- min-reader: 1

DO $$
DECLARE
    found text;
BEGIN
    -- By its column: the table may have been made by another harvester, under whatever name.
    FOR found IN
        SELECT c.conname FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'source' AND c.conkey = ARRAY[a.attnum]
        WHERE c.conrelid = 'cde.harvest_attempts'::regclass AND c.contype = 'c'
    LOOP
        EXECUTE format('ALTER TABLE cde.harvest_attempts DROP CONSTRAINT %I', found);
    END LOOP;
END $$;
